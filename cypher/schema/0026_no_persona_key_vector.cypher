// 0026_no_persona_key_vector: no index of key vectors, which nothing reads (docs/decisions/0001); earlier graphs have one.
// returns nothing
// cost    write; once a database
DROP INDEX persona_key_vector IF EXISTS
