// store_summaries: what the holders of a key answered to each of some questions, and the rounded counts that are shown: those of the current Fit until ten more or fewer have answered.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {key str, summaries list[map]}: summaries are {question str, counts list[int], n int}
// returns n int
// cost    write; one index look-up a row and a summary, and as many in the current Fit; CartesianProduct of a row and its dataset
UNWIND $rows AS row
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: row.key})
OPTIONAL MATCH (known:CacheKey {dataset: $dataset, fit: d.current_fit, id: row.key})
CALL (k, known, row) {
  UNWIND row.summaries AS summary
  MATCH (q:Question {dataset: $dataset, id: summary.question})
  OPTIONAL MATCH (known)-[was:SUMMARISES]->(q)
  WHERE abs(was.shown_n - summary.n) < 10 AND size(was.shown) = size(summary.counts)
    AND all(o IN range(0, size(summary.counts) - 1) WHERE abs(was.shown[o] - summary.counts[o]) < 20)
  WITH k, q, summary, was.shown AS shown, was.shown_n AS shown_n
  MERGE (k)-[s:SUMMARISES]->(q)
  SET s.counts = summary.counts, s.n = summary.n, s.shown_n = coalesce(shown_n, summary.n),
      s.shown = coalesce(shown, [c IN summary.counts | 5 * toInteger(round(c / 5.0))])
}
RETURN count(*) AS n
