// store_items: history items that are not there are stored with their statements, and their users' versions rise.
// param   dataset     str        whose items
// param   rows        list[map]  one a user: {user str, named bool, items list[{id str, statement int, question str?, option int?, at str}]}
// param   statements  list[map]  the distinct texts, an item's `statement` being the place of its own: {id str, text str, questions list[str]}
// returns created int
// cost    write; one index look-up a user and a statement, and fails whole when an item is there
CALL () {
  UNWIND range(0, size($statements) - 1) AS place
  WITH place, $statements[place] AS statement
  MERGE (s:Statement {dataset: $dataset, id: statement.id})
  ON CREATE SET s.text = statement.text
  WITH place, statement, s
  CALL (s, statement) {
    UNWIND statement.questions AS question
    MATCH (q:Question {dataset: $dataset, id: question})
    MERGE (s)-[:ANSWERS]->(q)
  }
  WITH place, s ORDER BY place
  RETURN collect(s) AS statements
}
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
SET u.version = u.version + 1, u.named_answers = CASE WHEN row.named THEN true ELSE u.named_answers END
WITH u, row, statements
CALL (u, row, statements) {
  UNWIND row.items AS item
  WITH u, item, statements[item.statement] AS s
  CREATE (u)-[:HAS_HISTORY]->(:HistoryItem {
    dataset: $dataset, id: item.id, user: u.id, question: item.question, option: item.option, at: item.at
  })-[:SAYS]->(s)
  RETURN count(*) AS created
}
RETURN sum(created) AS created
