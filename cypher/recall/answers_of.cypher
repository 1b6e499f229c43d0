// answers_of: the answers that others may borrow from some users, at a time.
// param   dataset   str        the dataset
// param   users     list[str]  whose
// param   as_of     str        later answers are left out
// param   min_rank  int        users who share less than this are left out
// returns user str, name str, sharing_rank int, items list[list[any]]
// cost    read; one index look-up a user, and their items
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
WHERE u.sharing_rank >= $min_rank
CALL (u) {
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)
  WHERE h.at <= $as_of AND h.question IS NOT NULL
  RETURN collect([h.id, h.question, h.option, h.at]) AS items
}
RETURN u.id AS user, u.name AS name, u.sharing_rank AS sharing_rank, items
