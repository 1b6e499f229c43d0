// Who holds a value most clearly, and its opposite, as paths that Neo4j Browser draws.
// draw_holders_of: who holds a value most clearly, and its opposite, as paths that Neo4j Browser draws.
// param   dataset  str  the dataset
// param   key      str  id of the cache key
// param   limit    int  most people, of whom up to fifty are drawn; 50 unless given
// returns path any
// cost    read; everybody who holds the value; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit, id: $key})
CALL (d, k) {
  MATCH path = (k)<-[h:HOLDS {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN path ORDER BY h.weight DESC, u.id LIMIT CASE WHEN $limit < 50 THEN $limit ELSE 50 END
  UNION
  MATCH path = (k)-[:OPPOSITE_OF]-(:CacheKey)
  RETURN path
}
RETURN path
