// 0001_migration_id: a migration is recorded once.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT migration_id IF NOT EXISTS
FOR (n:Migration) REQUIRE (n.id) IS UNIQUE
