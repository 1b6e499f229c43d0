// store_runs: calls of a model are on record, summed by user and stage; a run that is done again adds to its own.
// param   dataset  str        the dataset
// param   rows     list[map]  {id str, fit str, user str, stage str, model str, prompt str, calls int, cached int, repairs int, quarantined int, tokens_in int, tokens_out int, cost_usd float?, seconds float, outcome str, at str}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MERGE (r:Run {dataset: $dataset, id: row.id})
ON CREATE SET r.calls = 0, r.cached = 0, r.repairs = 0, r.quarantined = 0, r.tokens_in = 0,
              r.tokens_out = 0, r.cost_usd = 0.0, r.seconds = 0.0
SET r.fit = row.fit, r.user = row.user, r.stage = row.stage, r.model = row.model, r.prompt = row.prompt,
    r.calls = r.calls + row.calls, r.cached = r.cached + row.cached, r.repairs = r.repairs + row.repairs,
    r.quarantined = coalesce(r.quarantined, 0) + row.quarantined, r.tokens_in = r.tokens_in + row.tokens_in,
    r.tokens_out = r.tokens_out + row.tokens_out, r.cost_usd = r.cost_usd + row.cost_usd,
    r.seconds = r.seconds + row.seconds, r.outcome = row.outcome, r.at = row.at
RETURN count(*) AS n
