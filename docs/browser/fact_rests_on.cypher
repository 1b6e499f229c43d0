// One fact of a user, the facts and history items it rests on, and the keys it is evidence for.
// fact_rests_on: one fact of a user, the facts and history items it rests on, and the keys it is evidence for.
// param   dataset  str  the dataset
// param   fact     str  id of the fact
// returns id str, user str, name str, layer str, text str, strength float, n_support int, at str, retired_at str, facts list[map], items list[map], keys list[map]
// cost    read; one index look-up, and the fact's supports; CartesianProduct of one dataset and one fact
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fact {dataset: $dataset, fit: d.current_fit, id: $fact})<-[:HAS_FACT]-(u:User)
CALL (f) {
  OPTIONAL MATCH (f)-[r:DERIVED_FROM]->(g:Fact)
  WITH g, r ORDER BY r.share DESC, g.id
  RETURN collect(CASE WHEN g IS NOT NULL THEN {id: g.id, text: g.text, at: g.at, share: r.share} END) AS facts
}
CALL (f) {
  OPTIONAL MATCH (f)-[r:DERIVED_FROM]->(h:HistoryItem)-[:SAYS]->(s:Statement)
  WITH h, r, s ORDER BY r.share DESC, h.id
  RETURN collect(CASE WHEN h IS NOT NULL
                 THEN {id: h.id, text: s.text, question: h.question, at: h.at, share: r.share} END) AS items
}
CALL (f) {
  OPTIONAL MATCH (f)-[r:EVIDENCE_FOR]->(k:CacheKey)
  WITH k, r ORDER BY r.share DESC, k.id
  RETURN collect(CASE WHEN k IS NOT NULL THEN {id: k.id, kind: k.kind, name: coalesce(k.caption, k.name), share: r.share} END) AS keys
}
RETURN f.id AS id, u.id AS user, u.name AS name, f.layer AS layer, f.text AS text, f.strength AS strength,
       f.n_support AS n_support, f.at AS at, f.retired_at AS retired_at, facts, items, keys
