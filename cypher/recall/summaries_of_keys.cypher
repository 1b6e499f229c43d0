// summaries_of_keys: what the holders of some of a Fit's keys answered to some questions.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   keys       list[str]  which keys
// param   questions  list[str]  which questions
// returns question str, summaries list[list[any]]
// row     summaries [key, how many holders chose each option]
// cost    read; one index look-up a key, and its summaries
UNWIND $keys AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})-[s:SUMMARISES]->(q:Question)
WHERE q.id IN $questions
RETURN q.id AS question, collect([k.id, s.counts]) AS summaries
