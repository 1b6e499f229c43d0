// copy_nodes_in: nodes of another database are here.
// param   rows  list[map]  {id str, labels list[str], properties map}
// returns was str, id str
// cost    write; one node a row
UNWIND $rows AS row
CREATE (n:$(row.labels))
SET n = row.properties
RETURN row.id AS was, elementId(n) AS id
