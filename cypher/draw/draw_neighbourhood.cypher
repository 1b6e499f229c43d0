// draw_neighbourhood: who shares most values with a person, and which, as paths that Neo4j Browser draws.
// param   dataset  str  the dataset
// param   user     str  id of the user
// param   limit    int  most people, of whom up to twelve are drawn; 12 unless given
// returns path any
// cost    read; everybody who holds a value of the person; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})
CALL (d, u) {
  MATCH (u)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
        <-[g:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]-(v:User)
  WHERE v.sharing_rank >= 1 AND v <> u AND NOT EXISTS { (v)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  WITH v, sum(h.unit * g.unit) AS score ORDER BY score DESC, v.id LIMIT CASE WHEN $limit < 12 THEN $limit ELSE 12 END
  RETURN collect(v) AS people
}
UNWIND people AS v
MATCH path = (u)-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(:CacheKey)
             <-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]-(v)
RETURN path
