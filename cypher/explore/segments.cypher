// segments: segments of users by shared keys: those whose strongest values, demographics apart, are the same.
// param   dataset   str   the dataset
// param   strength  int   how many of the strongest values have to be the same; 2 unless given
// param   sample    int?  most users looked at, by id; everybody unless given
// param   limit     int   most segments; 20 unless given
// returns values list[str], keys list[str], users int, looked_at int, some list[str]
// cost    read; the keys of the users looked at; seconds for a hundred thousand; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
CALL (d) {
  MATCH (u:User {dataset: $dataset})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  WITH u LIMIT coalesce($sample, 2147483647)
  RETURN count(u) AS looked_at
}
MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH d, looked_at, u ORDER BY u.id LIMIT coalesce($sample, 2147483647)
CALL (d, u) {
  MATCH (u)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  WHERE k.kind <> 'demographic'
  WITH k ORDER BY h.unit DESC, k.id LIMIT $strength
  WITH k ORDER BY k.id
  RETURN collect(k) AS strongest
}
WITH looked_at, strongest, u.id AS user
WHERE size(strongest) = $strength
WITH looked_at, strongest, collect(user) AS members
RETURN [k IN strongest | k.name] AS values, [k IN strongest | k.id] AS keys, size(members) AS users, looked_at,
       members[..3] AS some
ORDER BY users DESC, keys LIMIT $limit
