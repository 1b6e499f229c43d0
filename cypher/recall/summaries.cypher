// summaries: what the holders of a Fit's keys answered to some questions.
// param   dataset    str         the dataset
// param   fit        str         the Fit
// param   keys       list[str]   which keys
// param   questions  list[str]?  which questions; null for all of them
// returns key str, summaries list[list[any]]
// cost    read; one index look-up a key, and its summaries
UNWIND $keys AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})
CALL (k) {
  MATCH (k)-[s:SUMMARISES]->(q:Question)
  WHERE $questions IS NULL OR q.id IN $questions
  RETURN collect([q.id, s.counts]) AS summaries
}
RETURN k.id AS key, summaries
