// splitting_values: the values that split the population most: as many hold one side as the other, and many do.
// param   dataset  str  the dataset
// param   limit    int  most values; 20 unless given
// returns key str, kind str, name str, holders int, opposite str, opposite_name str, opposite_holders int, split float
// cost    read; every key of the Fit by index, counted when it was fitted; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: d.current_fit})
MATCH (k:CacheKey {dataset: $dataset, fit: f.id})-[:OPPOSITE_OF]-(o:CacheKey)
WHERE k.id > ''
WITH k, o, coalesce(k.n_stated, k.n_holders) AS holders, coalesce(o.n_stated, o.n_holders) AS others,
     CASE k.share WHEN 0.0 THEN 1.0 ELSE k.n_holders / k.share END AS people
WHERE holders > others OR holders = others AND k.id < o.id
// 1 where half the people hold it and the other half its opposite.
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, holders, o.id AS opposite, coalesce(o.caption, o.name) AS opposite_name,
       others AS opposite_holders, round(2.0 * others / people, 6) AS split
ORDER BY split DESC, holders DESC, key LIMIT $limit
