// store_opposites: these cache keys of a Fit are each other's opposite; one relationship a pair.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {key str, opposite str}
// returns n int
// cost    write; two index look-ups a row; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: row.key})
MATCH (o:CacheKey {dataset: $dataset, fit: $fit, id: row.opposite})
MERGE (k)-[:OPPOSITE_OF]->(o)
RETURN count(*) AS n
