// 0028_mark_named_answers: users who have answers under ids that their source gave are marked.
// returns nothing
// cost    write; once a database: every history item once, by a NodeByLabelScan of users
MATCH (u:User)
WITH u, replace(replace(u.id, '%', '%25'), '/', '%2F') + '/' AS prefix
WHERE EXISTS {
  (u)-[:HAS_HISTORY]->(h:HistoryItem)
  WHERE h.option IS NOT NULL AND h.id <> prefix + h.question AND NOT h.id STARTS WITH prefix + h.question + '@'
}
SET u.named_answers = true
