// store_links: a Fit knows which questions' answers tell about each other.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, links list[list[any]]}: links are [other question, r, n]
// returns n int
// cost    write; one index look-up a row and a link
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
CALL (q, row) {
  UNWIND row.links AS link
  MATCH (other:Question {dataset: $dataset, id: link[0]})
  MERGE (q)-[t:TELLS {fit: $fit}]->(other)
  SET t.r = link[1], t.n = link[2]
}
RETURN count(*) AS n
