// holdings: some users by id, with the cache keys they hold in a Fit now; null traits for those it has not refined.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// param   after    str  ids after this one; '' from the start
// param   limit    int  most users returned
// returns user str, sharing_rank int, traits list[float]?, keys list[list[any]]
// row     keys [key, weight]
// cost    read; so many users by index, and their keys
MATCH (u:User {dataset: $dataset}) WHERE u.id > $after
WITH u ORDER BY u.dataset, u.id LIMIT $limit
OPTIONAL MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit, retired_at: '9999-12-31'})
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  WITH k, h ORDER BY k.id
  RETURN collect([k.id, h.weight]) AS keys
}
RETURN u.id AS user, u.sharing_rank AS sharing_rank, p.traits AS traits, keys ORDER BY user
