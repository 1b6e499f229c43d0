// store_summaries: what the holders of a key answered to each of some questions.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {key str, summaries list[map]}: summaries are {question str, counts list[int], n int}
// returns n int
// cost    write; one index look-up a row and a summary
UNWIND $rows AS row
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: row.key})
CALL (k, row) {
  UNWIND row.summaries AS summary
  MATCH (q:Question {dataset: $dataset, id: summary.question})
  MERGE (k)-[s:SUMMARISES]->(q)
  SET s.counts = summary.counts, s.n = summary.n
}
RETURN count(*) AS n
