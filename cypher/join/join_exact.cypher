// join_exact: who shares cache keys with each of some users, by traversal of every shared key.
// param   dataset   str        the dataset
// param   fit       str        the Fit
// param   users     list[str]  for whom
// param   as_of     str        keys held later are left out, and those retired by then
// param   min_rank  int        users who share less than this are left out
// param   top_k     int        most collaborators a user
// returns user str, collaborator str, name str, score float
// cost    read; every holder of every key of the user: use `join` on large graphs
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit}]->(own)
  WHERE h.at <= $as_of AND h.retired_at > $as_of
  MATCH (own)-[opposed:OPPOSITE_OF*0..1]-(k)
  WITH u, k, (1 - 2 * size(opposed)) * h.unit AS ours
  MATCH (k)<-[g:HOLDS|LEANS_TO]-(v)
  WHERE v <> u AND g.at <= $as_of AND g.retired_at > $as_of
  WITH v, round(sum(ours * g.unit), 9) AS score
  WHERE score > 0 AND v.sharing_rank >= $min_rank
    AND NOT EXISTS { (v)<-[d:DISTRUSTS {fit: $fit}]-() WHERE d.at <= $as_of }
  RETURN v, score ORDER BY score DESC, v.id LIMIT $top_k
}
RETURN u.id AS user, v.id AS collaborator, v.name AS name, score ORDER BY user, score DESC, collaborator
