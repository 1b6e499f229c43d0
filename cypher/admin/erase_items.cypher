// erase_items: some of a user's history items are gone.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns items int, statements list[str]
// cost    write; every item of one user
MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
WITH collect(h) AS items, collect(DISTINCT s.id) AS statements
FOREACH (h IN items | DETACH DELETE h)
RETURN size(items) AS items, statements
