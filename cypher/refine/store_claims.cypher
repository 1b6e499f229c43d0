// store_claims: the names of some keys of a Fit claim this of those who hold them: one of these options of a question.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {key str, question str, options list[int]}
// returns n int
// cost    write; two index look-ups a row; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: row.key})
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (k)-[c:CLAIMS]->(q)
SET c.options = row.options
RETURN count(*) AS n
