// personas: what is refined of some users in a Fit, and what they said, at a time.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   users    list[str]  whose
// param   as_of    str        later items, facts and keys are left out, and what was retired by then
// returns user str, name str, sharing_rank int, attributes list[str], traits list[float]?, style list[float]?, scores list[float]?, items list[list[any]], facts list[list[any]], keys list[list[any]]
// row     items [id, question, option, at, statement]
// row     facts [id, layer, key, question, option, at, statement]
// row     keys  [key, weight, unit]
// cost    read; one index look-up a user, and their items, facts and keys
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit})
  WHERE p.at <= $as_of AND p.retired_at > $as_of
  RETURN max(p.traits) AS traits, max(p.style) AS style, max(p.scores) AS scores
}
CALL (u) {
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
  WHERE h.at <= $as_of
  RETURN collect([h.id, h.question, h.option, h.at, s.id]) AS items
}
CALL (u) {
  MATCH (u)-[:HAS_FACT]->(f:Fact {fit: $fit})-[:SAYS]->(s:Statement)
  WHERE f.at <= $as_of AND f.retired_at > $as_of
  RETURN collect([f.id, f.layer, f.key, f.question, f.option, f.at, s.id]) AS facts
}
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit}]->(k:CacheKey)
  WHERE h.at <= $as_of AND h.retired_at > $as_of
  RETURN collect([k.id, h.weight, h.unit]) AS keys
}
RETURN u.id AS user, u.name AS name, u.sharing_rank AS sharing_rank, u.attributes AS attributes, traits, style, scores,
       items, facts, keys
