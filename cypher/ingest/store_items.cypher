// store_items: the history items not yet there are stored with their statements, and their users' versions rise.
// param   dataset     str        whose items
// param   rows        list[map]  one a user: {user str, items list[{id str, statement int, question str?, option int?, at str}]}, no id twice; statement is a place in $statements
// param   statements  list[map]  the distinct texts: {id str, text str, questions list[str]}
// returns created int, seen int
// cost    write; two index look-ups an item, one write for each that is new
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
UNWIND row.items AS item
OPTIONAL MATCH (known:HistoryItem {dataset: $dataset, id: item.id})
WITH count(*) AS seen, collect(CASE WHEN known IS NULL THEN {user: u, item: item} END) AS fresh
CALL (fresh) {
  UNWIND fresh AS pair
  WITH DISTINCT pair.item.statement AS place
  WITH $statements[place] AS statement
  MERGE (s:Statement {dataset: $dataset, id: statement.id})
  ON CREATE SET s.text = statement.text
  WITH s, statement
  UNWIND statement.questions AS question
  MATCH (q:Question {dataset: $dataset, id: question})
  MERGE (s)-[:ANSWERS]->(q)
  RETURN count(*) AS answers
}
CALL (fresh) {
  UNWIND fresh AS pair
  WITH pair.user AS u, pair.item AS item
  MATCH (s:Statement {dataset: $dataset, id: $statements[item.statement].id})
  CREATE (u)-[:HAS_HISTORY]->(h:HistoryItem {
    dataset: $dataset, id: item.id, user: u.id, question: item.question, option: item.option, at: item.at
  })-[:SAYS]->(s)
  WITH u, count(*) AS created
  SET u.version = u.version + 1
  RETURN sum(created) AS created
}
RETURN created, seen
