// keys_called: the values of the current Fit that have one of these ids, names or captions.
// param   dataset  str        the dataset
// param   names    list[str]  ids, names as `PARTY=D`, or captions as `Party: D`
// returns key str, kind str, name str
// cost    read; every key of the Fit by index; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE k.id > '' AND (k.id IN $names OR k.name IN $names OR k.caption IN $names)
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name ORDER BY key
