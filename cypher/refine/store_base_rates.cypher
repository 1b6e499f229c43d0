// store_base_rates: a Fit knows of some questions how often each option is answered, the trait loadings, how much they tell, who answers off the scale, the steps to each option, and what they and their answers are called.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, counts list[int], rates list[float], loadings list[float], told_by float, factors list[float], label str, says list[str], off list[float], steps list[float]}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (f)-[b:BASE_RATE {fit: $fit}]->(q)
SET b.counts = row.counts, b.rates = row.rates, b.loadings = row.loadings, b.told_by = row.told_by, b.factors = row.factors,
    b.label = row.label, b.says = row.says, b.off = row.off, b.steps = row.steps,
    q.caption = row.label
RETURN count(*) AS n
