// store_answer_weights: a Fit knows what survey weight those have together who gave each answer.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, weights list[float]}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
MATCH (f)-[b:BASE_RATE]->(q)
SET b.weights = row.weights
RETURN count(*) AS n
