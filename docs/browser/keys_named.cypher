// What some values of a Fit are called.
// keys_named: what some values of a Fit are called.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   ids      list[str]  which cache keys
// returns key str, kind str, name str
// cost    read; one index look-up a key
UNWIND $ids AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name
