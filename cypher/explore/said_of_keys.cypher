// said_of_keys: how many of those who hold a value were asked about what its name claims, and how many of these said it.
// param   dataset  str  the dataset
// returns key str, kind str, name str, holders int, question str?, asked int, said int, holders_weight float, asked_weight float, said_weight float
// cost    read; every key of the Fit, its holders, and their items: seconds for millions of answers; CartesianProduct of one dataset and its keys
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE k.id > ''
OPTIONAL MATCH (k)-[c:CLAIMS]->(q:Question)
CALL (d, k, c, q) {
  MATCH (k)<-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  CALL (u, q) {
    OPTIONAL MATCH (u)-[:HAS_HISTORY]->(i:HistoryItem {question: q.id})
    WHERE i.option IS NOT NULL
    WITH i ORDER BY i.at DESC, i.id DESC LIMIT 1
    RETURN i.option AS option
  }
  WITH option, coalesce(u.weight, 1.0) AS weight, u
  RETURN count(u) AS holders, count(option) AS asked, sum(CASE WHEN option IN c.options THEN 1 ELSE 0 END) AS said,
    sum(weight) AS holders_weight, sum(CASE WHEN option IS NULL THEN 0.0 ELSE weight END) AS asked_weight,
    sum(CASE WHEN option IN c.options THEN weight ELSE 0.0 END) AS said_weight
}
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, holders, q.id AS question, asked, said, holders_weight,
  asked_weight, said_weight ORDER BY key, question
