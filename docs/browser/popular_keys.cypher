// The values of the current Fit, those of one kind or all, most widely held first.
// popular_keys: the values of the current Fit, those of one kind or all, most widely held first.
// param   dataset  str   the dataset
// param   kind     str?  stance, trait, demographic and so on; all unless given
// param   skip     int   values passed over; 0 unless given
// param   limit    int   most values; 20 unless given
// returns key str, kind str, name str, holders int, share float, idf float
// cost    read; every key of the Fit by index
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE k.id > '' AND ($kind IS NULL OR k.kind = $kind)
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, coalesce(k.n_stated, k.n_holders) AS holders,
       k.share * coalesce(k.n_stated, k.n_holders) / CASE k.n_holders WHEN 0 THEN 1 ELSE k.n_holders END AS share, k.idf AS idf
ORDER BY holders DESC, key SKIP $skip LIMIT $limit
