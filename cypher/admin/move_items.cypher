// move_items: some history items of a user are another's, under other ids.
// param   dataset  str        whose users
// param   user     str        id of the user who had them
// param   into     str        id of the user who has them now
// param   rows     list[map]  {id str, new str, named bool}
// returns moved int
// cost    write; one index look-up an item; CartesianProduct of one user by one item
UNWIND $rows AS row
MATCH (:User {dataset: $dataset, id: $user})-[r:HAS_HISTORY]->(h:HistoryItem {dataset: $dataset, id: row.id})
MATCH (other:User {dataset: $dataset, id: $into})
SET h.id = row.new, h.user = other.id,
    other.named_answers = CASE WHEN row.named THEN true ELSE other.named_answers END
DELETE r
CREATE (other)-[:HAS_HISTORY]->(h)
RETURN count(*) AS moved
