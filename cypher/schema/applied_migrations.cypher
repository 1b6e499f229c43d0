// applied_migrations: the migrations that this database has.
// returns id str
// cost    read; every migration, by the index on its id
MATCH (m:Migration)
WHERE m.id > ''
RETURN m.id AS id ORDER BY id
