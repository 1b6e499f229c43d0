// links: which questions tell about some questions, and how much.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   questions  list[str]  which questions
// returns question str, links list[list[any]]
// row     links [other question, correlation of the answers]
// cost    read; one index look-up a question, and its links
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
CALL (q) {
  MATCH (q)-[t:TELLS {fit: $fit}]->(other:Question)
  RETURN collect([other.id, t.r]) AS links
}
RETURN q.id AS question, links
