// find_keys: values found by the words of their name, the best first.
// param   dataset  str  the dataset
// param   words    str  what is looked for, in Lucene's syntax: `press*`
// param   limit    int  most values; 20 unless given
// returns key str, kind str, name str, holders int
// cost    read; one full-text search over all datasets; CartesianProduct of one dataset and what is found
MATCH (d:Dataset {dataset: $dataset})
CALL db.index.fulltext.queryNodes('key_name', $words, {limit: 100000}) YIELD node AS k, score
WHERE k.dataset = $dataset AND k.fit = d.current_fit
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, coalesce(k.n_stated, k.n_holders) AS holders
ORDER BY score DESC, name, key LIMIT $limit
