// count_all: how many nodes, without migrations, and relationships the database has.
// returns nodes int, relationships int
// cost    read; the counts that Neo4j keeps; CartesianProduct of one row each
CALL () { MATCH (n) RETURN count(n) AS everything }
CALL () { MATCH (m:Migration) RETURN count(m) AS migrations }
CALL () { MATCH ()-[r]->() RETURN count(r) AS relationships }
RETURN everything - migrations AS nodes, relationships
