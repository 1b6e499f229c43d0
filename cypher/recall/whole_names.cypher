// whole_names: what values say in full whose names are cut: the answer, and the question as it was asked, where that is short.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   ids      list[str]  ids of cache keys
// returns key str, whole str
// cost    read; one index look-up a key, and what its name claims
UNWIND $ids AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})-[c:CLAIMS]->(q:Question)
WHERE k.name CONTAINS '…' AND size(q.text) <= 160  // a longer one says less at a glance than the name
WITH k, collect({question: q, options: c.options}) AS claims
WHERE size(claims) = 1  // of several it is not known which the name has
WITH k, claims[0].question AS q, claims[0].options AS options
RETURN k.id AS key, substring(reduce(said = '', one IN options | said + ' or ' + q.options[one]), 4)
       + ' · ' + q.text AS whole ORDER BY key
