// links_around: what tells about some questions, and which of all these tell about each question that tells about one of them.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   questions  list[str]  which questions
// returns question str, asked bool, links list[list[any]]
// row     links [other question, correlation of the answers]
// cost    read; one index look-up a question, its links, and theirs
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
OPTIONAL MATCH (q)-[:TELLS {fit: $fit}]->(other:Question)
WITH collect(DISTINCT q) AS asked, collect(DISTINCT other) AS others
WITH asked, asked + [other IN others WHERE NOT other IN asked] AS found
UNWIND found AS q
CALL (q, found) {
  MATCH (q)-[t:TELLS {fit: $fit}]->(other:Question)
  WHERE other IN found
  RETURN collect([other.id, t.r]) AS links
}
RETURN q.id AS question, q IN asked AS asked, links
