// answered: which of some questions some users have answered in the graph; for the leak check of an evaluation.
// param   dataset  str        the dataset
// param   rows     list[map]  {user str, questions list[str]}
// returns user str, question str
// cost    read; one index look-up a user, and their items
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})-[:HAS_HISTORY]->(h:HistoryItem)
WHERE h.question IN row.questions
RETURN u.id AS user, h.question AS question
