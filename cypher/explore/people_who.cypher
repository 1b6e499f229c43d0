// people_who: who gave an answer, those who are most typical of their segment first.
// param   dataset   str   the dataset
// param   question  str   id of the question
// param   option    int   place of the answer, from 0
// param   sample    int?  most answers looked at; all unless given
// param   skip      int   people passed over; 0 unless given
// param   limit     int   most people; 20 unless given
// returns user str, name str, segment str?, segment_name str?, at str
// cost    read; every such answer with who gave it, and the histories of those shown; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (q:Question {dataset: $dataset, id: $question})
CALL (d, q) {
  MATCH (q)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option = $option AND u.sharing_rank >= 1  // 1 = keys
  RETURN u, h LIMIT coalesce($sample, 2147483647)
}
OPTIONAL MATCH (u)-[r:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
WITH d, u, h, s, coalesce(r.typical, 0.0) AS typical, u.id AS user ORDER BY typical DESC, user
// After sorting: both are looked at for the page alone.
WHERE NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() } AND NOT EXISTS {
  MATCH (u)-[:HAS_HISTORY]->(newer:HistoryItem {question: $question})
  WHERE newer.option IS NOT NULL AND (newer.at > h.at OR newer.at = h.at AND newer.id > h.id)
}
RETURN user, u.name AS name, s.id AS segment, s.name AS segment_name, h.at AS at
ORDER BY typical DESC, user SKIP $skip LIMIT $limit
