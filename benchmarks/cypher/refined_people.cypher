// refined_people: what everybody of a dataset said, and what a model's calls for them took.
MATCH (u:User {dataset: $dataset})-[:HAS_HISTORY]->(:HistoryItem)-[:SAYS]->(s:Statement)
WITH u, collect(s.text) AS texts
OPTIONAL MATCH (r:Run {dataset: $dataset, user: u.id}) WHERE r.stage IN ['distil', 'induce']
RETURN u.id AS user, texts, count(r) AS runs, sum(r.calls) AS calls, sum(r.repairs) AS repairs,
       sum(r.tokens_in) AS tokens_in, sum(r.tokens_out) AS tokens_out, sum(r.seconds) AS seconds,
       sum(r.quarantined) AS quarantined, collect(DISTINCT r.prompt) AS prompts
ORDER BY user
