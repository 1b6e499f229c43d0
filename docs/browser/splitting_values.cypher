// The values that split the population most: as many lean to one side as to the other, and many do.
// splitting_values: the values that split the population most: as many lean to one side as to the other, and many do.
// param   dataset  str  the dataset
// param   limit    int  most values; 20 unless given
// returns key str, kind str, name str, holders int, opposite str, opposite_name str, opposite_holders int, split float
// cost    read; every key of the Fit by index, counted when it was fitted; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: d.current_fit})
MATCH (k:CacheKey {dataset: $dataset, fit: f.id})-[:OPPOSITE_OF]-(o:CacheKey)
WHERE k.id > '' AND (k.n_holders > o.n_holders OR k.n_holders = o.n_holders AND k.id < o.id)
WITH k, o, CASE k.share WHEN 0.0 THEN 1.0 ELSE k.n_holders / k.share END AS people
// 1 where half the people hold it and the other half its opposite.
RETURN k.id AS key, k.kind AS kind, k.name AS name, coalesce(k.n_stated, k.n_holders) AS holders, o.id AS opposite, o.name AS opposite_name,
       coalesce(o.n_stated, o.n_holders) AS opposite_holders, round(2.0 * o.n_holders / people, 6) AS split
ORDER BY split DESC, holders DESC, key LIMIT $limit
