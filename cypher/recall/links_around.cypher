// links_around: what tells about some questions, and about each question that tells about one of them.
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
UNWIND asked + [other IN others WHERE NOT other IN asked] AS q
CALL (q) {
  MATCH (q)-[t:TELLS {fit: $fit}]->(other:Question)
  RETURN collect([other.id, t.r]) AS links
}
RETURN q.id AS question, q IN asked AS asked, links
