// The values of the current Fit, those of one kind or all, most widely held first.
// popular_keys: the values of the current Fit, those of one kind or all, most widely held first.
// param   dataset   str   the dataset
// param   kind      str?  stance, trait, demographic and so on; all unless given
// param   weighted  bool  whether shares count people by their survey weights; false unless given
// param   skip      int   values passed over; 0 unless given
// param   limit     int   most values; 20 unless given
// returns key str, kind str, name str, holders int, share float, idf float
// cost    read; every key of the Fit by index; where weighted, everybody, and the holders of the values shown
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE k.id > '' AND ($kind IS NULL OR k.kind = $kind)
WITH d, k, coalesce(k.n_stated, k.n_holders) AS holders, k.id AS key ORDER BY holders DESC, key SKIP $skip LIMIT $limit
WITH d, collect({k: k, holders: holders}) AS found
// Weighted as in goes_with: who holds a value by what they said, of all who share something and are trusted.
CALL (d) {
  WITH d, CASE WHEN $weighted THEN $dataset END AS counted  // null looks nobody up, where a WHERE would look up everybody
  MATCH (u:User {dataset: counted})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(u.weight, 1.0)) AS everybody
}
UNWIND found AS one
WITH d, everybody, one.k AS k, one.holders AS holders
CALL (d, k) {
  WITH d, k WHERE $weighted
  MATCH (k)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(u.weight, 1.0)) AS weight
}
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, holders,
       CASE WHEN $weighted THEN weight / CASE everybody WHEN 0 THEN 1.0 ELSE everybody END
       ELSE k.share * holders / CASE k.n_holders WHEN 0 THEN 1 ELSE k.n_holders END END AS share, k.idf AS idf
ORDER BY holders DESC, key
