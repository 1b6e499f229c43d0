// What a person holds and which group they are in, as paths that Neo4j Browser draws.
// draw_values_of: what a person holds and which group they are in, as paths that Neo4j Browser draws.
// param   dataset  str  the dataset
// param   user     str  id of the user
// param   limit    int  most values; 500 unless given
// returns path any
// cost    read; the values of one person; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})
CALL (d, u) {
  MATCH path = (u)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(:CacheKey)
  RETURN path ORDER BY h.unit DESC LIMIT $limit
  UNION
  MATCH path = (u)-[:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(:Segment)
  RETURN path
}
RETURN path
