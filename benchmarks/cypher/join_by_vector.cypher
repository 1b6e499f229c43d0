// join_by_vector: the JOIN with its candidates from the index of key vectors, to compare.
CYPHER 25
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})-[:HAS_PERSONA]->(p:Persona {fit: $fit})
WHERE p.at <= $as_of AND p.retired_at > $as_of AND p.key_vector IS NOT NULL
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit}]->(k)
  WHERE h.at <= $as_of AND h.retired_at > $as_of
  OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o)
  RETURN collect(k) + collect(o) AS counting
}
CALL (u, p, counting) {
  MATCH (c:Persona)
    SEARCH c IN (
      VECTOR INDEX persona_key_vector FOR p.key_vector
      WHERE c.dataset = $dataset AND c.fit = $fit AND c.sharing_rank >= $min_rank AND c.at <= $as_of
        AND c.retired_at > $as_of
      LIMIT $candidates
    )
  MATCH (c)<-[:HAS_PERSONA]-(v)
  WHERE v <> u AND v.sharing_rank >= $min_rank
  MATCH (v)-[g:HOLDS|LEANS_TO]->(k)
  WHERE k IN counting
  WITH u, v, g, k
  WHERE g.at <= $as_of AND g.retired_at > $as_of
  WITH u, k, collect([v, g.unit]) AS holders
  MATCH (k)-[opposed:OPPOSITE_OF*0..1]-(own)
  WITH u, holders, own, 1 - 2 * size(opposed) AS sign
  MATCH (own)<-[h:HOLDS|LEANS_TO]-(u)
  WHERE h.fit = $fit AND h.at <= $as_of AND h.retired_at > $as_of
  UNWIND holders AS holder
  WITH holder[0] AS v, round(sum(sign * h.unit * holder[1]), 9) AS score
  WHERE score > 0
  RETURN v, score ORDER BY score DESC, v.id LIMIT $top_k
}
RETURN u.id AS user, v.id AS collaborator, v.name AS name, score ORDER BY user, score DESC, collaborator
