// store_crosstabs: a Fit knows how the people of each value of an attribute answered questions.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, attribute str, values list[str], counts list[int], effective list[float]}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
// `counts` has the heads by option of the first value, then of the second; `effective` the same by survey weights.
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (f)-[c:CROSSTAB {attribute: row.attribute}]->(q)
SET c.fit = $fit, c.values = row.values, c.counts = row.counts, c.effective = row.effective
RETURN count(*) AS n
