// user_histories: what some users said, up to a date, with what is known of them otherwise.
// param   dataset  str        the dataset
// param   users    list[str]  whose history
// param   as_of    str        items later than this are left out
// returns user str, version int, sharing_rank int, attributes list[str], items list[list[any]]
// row     items [id, question, option, at, statement]
// cost    read; one index look-up a user, and their items
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
CALL (u) {
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
  WHERE h.at <= $as_of
  RETURN collect([h.id, h.question, h.option, h.at, s.id]) AS items
}
RETURN u.id AS user, u.version AS version, u.sharing_rank AS sharing_rank, u.attributes AS attributes, items
