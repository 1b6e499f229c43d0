// supports_of_facts: what history items some facts rest on, directly or through distilled facts, strongest first.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   ids      list[str]  which facts
// returns id str, item str, text str, share float
// cost    read; one index look-up a fact, and its supports
UNWIND $ids AS id
MATCH (f:Fact {dataset: $dataset, fit: $fit, id: id})
CALL (f) {
  MATCH (f)-[d:DERIVED_FROM]->(h:HistoryItem)
  RETURN h, d.share AS share
  UNION ALL
  MATCH (f)-[d:DERIVED_FROM]->(:Fact)-[e:DERIVED_FROM]->(h:HistoryItem)
  RETURN h, d.share * e.share AS share
}
MATCH (h)-[:SAYS]->(s:Statement)
RETURN f.id AS id, h.id AS item, s.text AS text, share ORDER BY id, share DESC, item
