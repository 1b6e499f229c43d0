// 0028_mark_named_answers: users who have answers under ids that their source gave are marked.
// returns nothing
// cost    write; once a database: every history item once, by a NodeByLabelScan of users
MATCH (u:User)
WHERE EXISTS {
  (u)-[:HAS_HISTORY]->(h:HistoryItem)
  WHERE h.option IS NOT NULL
    AND NOT h.id IN [
      replace(replace(u.id, '%', '%25'), '/', '%2F') + '/' + h.question,
      replace(replace(u.id, '%', '%25'), '/', '%2F') + '/' + h.question + '@' + h.at]
}
SET u.named_answers = true
