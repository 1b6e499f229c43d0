// store_fact_keys: these facts, which stay as they are, show another cache key of their user than before.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {id str, key str}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MATCH (f:Fact {dataset: $dataset, fit: $fit, id: row.id})
SET f.key = row.key
RETURN count(*) AS n
