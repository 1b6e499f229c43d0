// facts_and_sources: every current fact of a dataset with what it rests on, in the order of users and facts.
MATCH (f:Fact {dataset: $dataset, retired_at: '9999-12-31'})
WHERE f.layer IN ['distilled', 'induced']
OPTIONAL MATCH (f)-[:DERIVED_FROM]->(s)
OPTIONAL MATCH (s)-[:SAYS]->(said:Statement)
WITH f, s, said ORDER BY s.id
WITH f, collect(s {.id, .user, .layer, item: s:HistoryItem, text: said.text}) AS sources
RETURN f.id AS id, f.user AS user, f.layer AS layer, f.key AS key, f.text AS text, sources
ORDER BY user, layer, id
