// One value of the current Fit, with how many hold it and its opposite; where its name is cut, what it says in full.
// one_key: one value of the current Fit, with how many hold it and its opposite; where its name is cut, what it says in full.
// param   dataset   str   the dataset
// param   key       str   id of the cache key
// param   weighted  bool  whether the share counts people by their survey weights; false unless given
// returns key str, kind str, name str, holders int, share float, idf float, opposite str?, opposite_name str?, opposite_holders int?, whole str?
// cost    read; one index look-up; where weighted, everybody, and the value's holders; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit, id: $key})
// Weighted as in goes_with: who holds it by what they said, of all who share something and are trusted.
CALL (d) {
  WITH d, CASE WHEN $weighted THEN $dataset END AS counted  // null looks nobody up, where a WHERE would look up everybody
  MATCH (u:User {dataset: counted})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(u.weight, 1.0)) AS everybody
}
CALL (d, k) {
  WITH d, k WHERE $weighted
  MATCH (k)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(u.weight, 1.0)) AS weight
}
OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o:CacheKey)
CALL (k) {
  OPTIONAL MATCH (k)-[c:CLAIMS]->(q:Question) WHERE k.name CONTAINS '…'
  WITH collect(substring(reduce(said = '', one IN c.options | said + ' or ' + q.options[one]), 4)
               + ' · ' + q.text) AS claims
  RETURN CASE size(claims) WHEN 1 THEN claims[0] END AS whole  // of several it is not known which the name has
}
WITH k, o, whole, weight, everybody, coalesce(k.n_stated, k.n_holders) AS holders
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, holders,
       CASE WHEN $weighted THEN weight / CASE everybody WHEN 0 THEN 1.0 ELSE everybody END
       ELSE k.share * holders / CASE k.n_holders WHEN 0 THEN 1 ELSE k.n_holders END END AS share,
       k.idf AS idf, o.id AS opposite, coalesce(o.caption, o.name) AS opposite_name, coalesce(o.n_stated, o.n_holders) AS opposite_holders,
       whole
ORDER BY opposite LIMIT 1
