// store_base_rates: a Fit knows how often each option of some questions is answered, their trait loadings, and how much they tell.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, counts list[int], rates list[float], loadings list[float], told_by float}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (f)-[b:BASE_RATE {fit: $fit}]->(q)
SET b.counts = row.counts, b.rates = row.rates, b.loadings = row.loadings, b.told_by = row.told_by
RETURN count(*) AS n
