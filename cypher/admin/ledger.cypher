// ledger: what the calls of models took, summed by stage and model.
// param   dataset  str  the dataset
// returns stage str, model str, runs int, calls int, cached int, repairs int, quarantined int, tokens_in int, tokens_out int, cost_usd float?, unpriced int, seconds float
// cost    read; every run of the dataset, by index
MATCH (r:Run {dataset: $dataset}) WHERE r.id > ''
WITH r.stage AS stage, r.model AS model, collect(r) AS runs
RETURN stage, model, size(runs) AS runs,
       reduce(n = 0, r IN runs | n + r.calls) AS calls, reduce(n = 0, r IN runs | n + r.cached) AS cached,
       reduce(n = 0, r IN runs | n + r.repairs) AS repairs,
       size([r IN runs WHERE coalesce(r.quarantined, 0) > 0]) AS quarantined,
       reduce(n = 0, r IN runs | n + r.tokens_in) AS tokens_in, reduce(n = 0, r IN runs | n + r.tokens_out) AS tokens_out,
       reduce(x = 0.0, r IN runs | x + coalesce(r.cost_usd, 0.0)) AS cost_usd,
       size([r IN runs WHERE r.cost_usd IS NULL]) AS unpriced, reduce(x = 0.0, r IN runs | x + r.seconds) AS seconds
ORDER BY stage, model
