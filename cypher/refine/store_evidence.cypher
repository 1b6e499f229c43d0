// store_evidence: these facts are why their user holds a cache key.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {fact str, key str, share float}
// returns n int
// cost    write; two index look-ups a row; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (f:Fact {dataset: $dataset, fit: $fit, id: row.fact})
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: row.key})
MERGE (f)-[e:EVIDENCE_FOR]->(k)
SET e.share = row.share
RETURN count(*) AS n
