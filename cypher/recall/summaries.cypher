// summaries: what the holders of a Fit's keys answered to some questions, in rounded counts; keys of enough people alone, and no answer that all gave unless all share their history.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   least      int        keys of fewer holders are left out; 0 for all
// param   questions  list[str]  which questions
// returns question str, summaries list[list[any]]
// row     summaries [key, how many holders chose each option, in steps of five]
// cost    read; one index look-up a question, and the summaries of it, those of the dataset's other Fits too; where all answered alike, the holders
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
CALL (q) {
  MATCH (q)<-[s:SUMMARISES]-(k:CacheKey {fit: $fit})
  WHERE k.n_holders >= $least
  WITH k, coalesce(s.shown, [c IN s.counts | 5 * toInteger(round(c / 5.0))]) AS shown
  WHERE size([c IN shown WHERE c > 0]) > 1
     OR NOT EXISTS { MATCH (k)<-[:HOLDS]-(v:User) WHERE 0 < v.sharing_rank AND v.sharing_rank < 4 }  // 4 = history
  RETURN collect([k.id, shown]) AS summaries
}
RETURN q.id AS question, summaries
