// store_named: the people whom questions of a Fit name in their text.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, user str}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
MERGE (f)-[:NAMED {question: row.question}]->(u)
RETURN count(*) AS n
