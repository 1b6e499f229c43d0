// store_facts: some users have these facts, each resting on its strongest supports and saying its statement.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, id str, layer str, text str, statement str, n_support int, strength float, key str, inferred bool, question str?, option int?, run str?, at str, items list[list[any]], facts list[list[any]]}: items and facts are [id, share]
// returns n int
// cost    write; one index look-up a row and a support
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CREATE (u)-[:HAS_FACT]->(f:Fact {dataset: $dataset, fit: $fit, id: row.id, user: row.user, layer: row.layer,
  text: row.text, n_support: row.n_support, strength: row.strength, key: row.key, inferred: row.inferred,
  question: row.question,
  option: row.option, run: row.run, at: row.at, retired_at: '9999-12-31'})
MERGE (s:Statement {dataset: $dataset, id: row.statement})
ON CREATE SET s.text = row.text
CREATE (f)-[:SAYS]->(s)
WITH f, row
CALL (f, row) {
  UNWIND row.items AS support
  MATCH (h:HistoryItem {dataset: $dataset, id: support[0]})
  CREATE (f)-[:DERIVED_FROM {share: support[1]}]->(h)
}
CALL (f, row) {
  UNWIND row.facts AS support
  MATCH (g:Fact {dataset: $dataset, fit: $fit, id: support[0]})
  CREATE (f)-[:DERIVED_FROM {share: support[1]}]->(g)
}
RETURN count(*) AS n
