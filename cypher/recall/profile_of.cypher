// profile_of: who a user is, how much they said, and what of it tells most; for a profile of a few lines.
// param   dataset  str  the dataset
// param   user     str  id of the user
// param   limit    int  most facts and most guesses
// returns user str, name str, sharing str, attributes list[str], answers int, texts int, first str?, last str?, newest str?, fit str?, segment str?, facts list[map], leans list[str]
// cost    read; one index look-up, and the items, facts and keys of one user; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)
  RETURN count(h.option) AS answers, count(h) - count(h.option) AS texts,
         min(CASE WHEN h.at > '' THEN h.at END) AS first, max(CASE WHEN h.at > '' THEN h.at END) AS last
}
CALL (u) {
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)
  WITH h ORDER BY h.at DESC, h.id DESC LIMIT 1
  MATCH (h)-[:SAYS]->(s:Statement)
  RETURN collect(s.text)[0] AS newest
}
CALL (d) {
  MATCH (f:Fact {dataset: $dataset, fit: d.current_fit, user: $user})
  WHERE f.layer IN ['distilled', 'induced'] AND f.retired_at = '9999-12-31' AND NOT coalesce(f.inferred, false)
  WITH f ORDER BY f.strength DESC, f.id LIMIT $limit
  RETURN collect({id: f.id, layer: f.layer, text: f.text, strength: f.strength, at: f.at}) AS facts
}
CALL (d, u) {
  MATCH (u)-[h:LEANS_TO {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  WITH k, h ORDER BY h.unit DESC, k.id LIMIT $limit
  RETURN collect(coalesce(k.caption, k.name)) AS leans
}
CALL (d, u) {
  MATCH (u)-[:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
  WHERE s.id <> 'between'
  RETURN min(s.name) AS segment
}
RETURN u.id AS user, u.name AS name, u.sharing AS sharing, u.attributes AS attributes, answers, texts, first, last,
       newest, d.current_fit AS fit, segment, facts, leans
