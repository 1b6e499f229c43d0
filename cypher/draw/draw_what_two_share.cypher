// draw_what_two_share: the values that two people share, as paths that Neo4j Browser draws.
// param   dataset  str  the dataset
// param   first    str  id of one user
// param   second   str  id of the other
// returns path any
// cost    read; the values of two people; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $first})
MATCH (v:User {dataset: $dataset, id: $second})
MATCH path = (u)-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(:CacheKey)
             <-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]-(v)
WHERE v.sharing_rank >= 1 AND u.sharing_rank >= 1  // 1 = keys
RETURN path
