// pole_claims: what the names of a Fit's traits claim of those who hold them.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// returns key str, question str, options list[int]
// cost    read; the keys of the Fit by index
MATCH (k:CacheKey {dataset: $dataset, fit: $fit})
WHERE k.id STARTS WITH 'trait:'
MATCH (k)-[c:CLAIMS]->(q:Question)
RETURN k.id AS key, q.id AS question, c.options AS options ORDER BY key, question
