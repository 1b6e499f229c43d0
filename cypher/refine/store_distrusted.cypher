// store_distrusted: a Fit lends nothing of some users from a time on, for a reason; an earlier reason stays.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, reason str, score float, at str}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
MERGE (f)-[d:DISTRUSTS {fit: $fit}]->(u)
ON CREATE SET d.reason = row.reason, d.score = row.score, d.at = row.at
RETURN count(*) AS n
