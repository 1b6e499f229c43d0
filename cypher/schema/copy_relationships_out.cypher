// copy_relationships_out: every relationship of the database.
// returns from str, to str, type str, properties map
// cost    read; AllRelationshipsScan
MATCH (a)-[r]->(b)
RETURN elementId(a) AS from, elementId(b) AS to, type(r) AS type, properties(r) AS properties
