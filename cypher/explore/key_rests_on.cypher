// key_rests_on: which history items one of a user's keys rests on, through which facts, strongest first.
// param   dataset  str  the dataset
// param   user     str  id of the user
// param   key      str  id, name or caption of the cache key
// returns layer str, fact str, fact_text str, item str, text str, question str?, at str, share float
// cost    read; one index look-up, and the user's facts with their supports; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})
MATCH (u)-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
WHERE $key IN [k.id, k.name, k.caption]
MATCH (u)-[:HAS_FACT]->(f:Fact {fit: d.current_fit, retired_at: '9999-12-31'})-[e:EVIDENCE_FOR]->(k)
CALL (f) {
  MATCH (f)-[r:DERIVED_FROM]->(h:HistoryItem)
  RETURN h, r.share AS share
  UNION ALL
  MATCH (f)-[r:DERIVED_FROM]->(:Fact)-[s:DERIVED_FROM]->(h:HistoryItem)
  RETURN h, r.share * s.share AS share
}
MATCH (h)-[:SAYS]->(said:Statement)
WITH f, h, said, sum(e.share * share) AS share
RETURN f.layer AS layer, f.id AS fact, f.text AS fact_text, h.id AS item, said.text AS text, h.question AS question,
       h.at AS at, round(share, 6) AS share
ORDER BY share DESC, fact, item
