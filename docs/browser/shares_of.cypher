// How many people chose each option of a question, by their newest answer, and what weight they have together.
// shares_of: how many people chose each option of a question, by their newest answer, and what weight they have together.
// param   dataset   str  the dataset
// param   question  str  id of the question
// returns option str, people int, weight float, unweighted int
// cost    read; every answer to the question; CartesianProduct of one question and its options
MATCH (q:Question {dataset: $dataset, id: $question})
UNWIND range(0, size(q.options) - 1) AS place
CALL (q, place) {
  MATCH (q)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option = place AND u.sharing_rank >= 1  // 1 = keys
    AND NOT EXISTS {
      (u)-[:HAS_HISTORY]->(later:HistoryItem {question: $question})
      WHERE later.option IS NOT NULL AND (later.at > h.at OR (later.at = h.at AND later.id > h.id))
    }
  RETURN count(DISTINCT u) AS people, sum(coalesce(u.weight, 1.0)) AS weight,
    sum(CASE WHEN u.weight IS NULL THEN 1 ELSE 0 END) AS unweighted
}
RETURN q.options[place] AS option, people, weight, unweighted ORDER BY place
