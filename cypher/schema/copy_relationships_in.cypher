// copy_relationships_in: relationships of another database are here.
// param   rows  list[map]  {from str, to str, type str, properties map}
// returns copied int
// cost    write; two nodes by their element id a row, the CartesianProduct of one and one
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row.from
MATCH (b) WHERE elementId(b) = row.to
CREATE (a)-[r:$(row.type)]->(b)
SET r = row.properties
RETURN count(*) AS copied
