// store_goes_with: a Fit knows which answers and values go with each answer, `place` 0 the surest.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, found list[map]}: {option int, place int, id str, other int?, battery bool, both int, among int, people int, share float, usual float, lift float, low float, high float}
// returns n int
// cost    write; one index look-up a row, and one for all that goes with it
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
CALL (q) {
  MATCH (q)-[old:GOES_WITH {fit: $fit}]->()
  DELETE old
}
CALL (q, row) {
  UNWIND row.found AS one
  WITH q, one WHERE one.other IS NOT NULL
  MATCH (to:Question {dataset: $dataset, id: one.id})
  CREATE (q)-[g:GOES_WITH {fit: $fit}]->(to)
  SET g += one {.option, .place, .other, .battery, .both, .among, .people, .share, .usual, .lift, .low, .high}
}
CALL (q, row) {
  UNWIND row.found AS one
  WITH q, one WHERE one.other IS NULL
  MATCH (to:CacheKey {dataset: $dataset, fit: $fit, id: one.id})
  CREATE (q)-[g:GOES_WITH {fit: $fit}]->(to)
  SET g += one {.option, .place, .battery, .both, .among, .people, .share, .usual, .lift, .low, .high}
}
RETURN count(*) AS n
