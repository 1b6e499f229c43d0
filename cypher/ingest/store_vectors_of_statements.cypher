// store_vectors_of_statements: the statements have their vectors.
// param   dataset  str        whose statements
// param   rows     list[map]  {id str, vector list[float], checked: of the index's length, unit}
// returns nothing
// cost    write; one index look-up and one vector a row
UNWIND $rows AS row
MATCH (s:Statement {dataset: $dataset, id: row.id})
CALL db.create.setNodeVectorProperty(s, 'embedding', row.vector)
