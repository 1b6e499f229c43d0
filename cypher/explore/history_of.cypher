// history_of: a user's history items, oldest first.
// param   dataset  str  whose user
// param   user     str  id of the user
// param   as_of    str  items up to this date; 9999-12-31 unless given
// returns id str, user str, text str, question str?, option int?, at str
// cost    read; every item of one user
MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
WHERE h.at <= $as_of
RETURN h.id AS id, u.id AS user, s.text AS text, h.question AS question, h.option AS option, h.at AS at
ORDER BY at, id
