// summaries: what the holders of a Fit's keys answered to some questions; keys of enough people alone.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   least      int        keys of fewer holders are left out; 0 for all
// param   questions  list[str]  which questions
// returns question str, summaries list[list[any]]
// row     summaries [key, how many holders chose each option]
// cost    read; one index look-up a question, and the summaries of it, those of the dataset's other Fits too
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
CALL (q) {
  MATCH (q)<-[s:SUMMARISES]-(k:CacheKey {fit: $fit})
  WHERE k.n_holders >= $least
  RETURN collect([k.id, s.counts]) AS summaries
}
RETURN q.id AS question, summaries
