// known_answers: what some users have answered to some questions.
// param   dataset  str        whose answers
// param   rows     list[map]  {user str, questions list[str]}
// returns id str, user str, question str, option int, at str, statement str
// cost    read; one index look-up a user, and their items
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})-[:HAS_HISTORY]->(h:HistoryItem)
USING INDEX u:User(dataset, id)
WHERE h.question IN row.questions AND h.option IS NOT NULL
MATCH (h)-[:SAYS]->(s:Statement)
RETURN h.id AS id, h.user AS user, h.question AS question, h.option AS option, h.at AS at, s.id AS statement
ORDER BY id
