// drop_summaries: what the holders of some keys of a Fit answered is no longer on record.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[str]  ids of the keys
// returns n int
// cost    write; one index look-up a key, and its summaries
UNWIND $rows AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})-[s:SUMMARISES]->(:Question)
DELETE s
RETURN count(*) AS n
