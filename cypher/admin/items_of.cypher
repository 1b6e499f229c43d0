// items_of: the history items of a user, in order of id.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns id str, question str?, option int?, at str, statement str
// cost    read; every item of one user
MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
RETURN h.id AS id, h.question AS question, h.option AS option, h.at AS at, s.id AS statement ORDER BY id
