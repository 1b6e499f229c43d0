// record_migration: a migration is on record as applied; its first time stays.
// param   id    str  its number
// param   name  str  its file's name
// returns nothing
// cost    write; one index look-up
MERGE (m:Migration {id: $id})
ON CREATE SET m.name = $name, m.applied_at = toString(datetime())
