// shares_of: how many people chose each option of a question, by their newest answer, and what weight they have together.
// param   dataset   str  the dataset
// param   question  str  id of the question
// returns option str, people int, weight float, unweighted int
// cost    read; every answer to the question
MATCH (q:Question {dataset: $dataset, id: $question})
CALL (q) {
  MATCH (q)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option IS NOT NULL AND u.sharing_rank >= 1  // 1 = keys
  WITH u, h ORDER BY h.at DESC, h.id DESC
  WITH u, head(collect(h.option)) AS option
  WITH option, count(*) AS people, sum(coalesce(u.weight, 1.0)) AS weight,
       sum(CASE WHEN u.weight IS NULL THEN 1 ELSE 0 END) AS unweighted
  RETURN collect({option: option, people: people, weight: weight, unweighted: unweighted}) AS given
}
UNWIND range(0, size(q.options) - 1) AS place
WITH q, place, [one IN given WHERE one.option = place][0] AS found
RETURN q.options[place] AS option, coalesce(found.people, 0) AS people, coalesce(found.weight, 0.0) AS weight,
       coalesce(found.unweighted, 0) AS unweighted
ORDER BY place
