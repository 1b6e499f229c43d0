// join: who shares cache keys with each of some users: candidates by key vector, then the score by traversal.
// param   dataset     str        the dataset
// param   fit         str        the Fit
// param   users       list[str]  for whom
// param   as_of       str        keys held later are left out, and those retired by then
// param   min_rank    int        users who share less than this are left out
// param   candidates  int        how many the vector index proposes
// param   top_k       int        most collaborators a user
// returns user str, collaborator str, name str, score float
// cost    read; one vector search a user, then the keys of so many candidates
CYPHER 25
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})-[:HAS_PERSONA]->(p:Persona {fit: $fit})
WHERE p.at <= $as_of AND p.retired_at > $as_of AND p.key_vector IS NOT NULL
CALL (u, p) {
  MATCH (c:Persona)
    SEARCH c IN (
      VECTOR INDEX persona_key_vector FOR p.key_vector
      WHERE c.dataset = $dataset AND c.fit = $fit AND c.sharing_rank >= $min_rank AND c.at <= $as_of
        AND c.retired_at > $as_of
      LIMIT $candidates
    )
  MATCH (v:User)-[:HAS_PERSONA]->(c)
  WHERE v <> u AND v.sharing_rank >= $min_rank
  CALL (u, v) {
    MATCH (v)-[g:HOLDS {fit: $fit}]->(k:CacheKey)<-[h:HOLDS {fit: $fit}]-(u)
    WHERE h.at <= $as_of AND h.retired_at > $as_of AND g.at <= $as_of AND g.retired_at > $as_of
    RETURN h.unit * g.unit AS part
    UNION ALL
    MATCH (v)-[g:HOLDS {fit: $fit}]->(o:CacheKey)-[:OPPOSITE_OF]-(k:CacheKey)<-[h:HOLDS {fit: $fit}]-(u)
    WHERE h.at <= $as_of AND h.retired_at > $as_of AND g.at <= $as_of AND g.retired_at > $as_of
    RETURN -h.unit * g.unit AS part
  }
  WITH v, round(sum(part), 9) AS score
  WHERE score > 0
  RETURN v, score ORDER BY score DESC, v.id LIMIT $top_k
}
RETURN u.id AS user, v.id AS collaborator, v.name AS name, score ORDER BY user, score DESC, collaborator
