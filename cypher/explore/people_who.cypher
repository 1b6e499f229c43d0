// people_who: who gave an answer, those who are most typical of their segment first.
// param   dataset   str  the dataset
// param   question  str  id of the question
// param   option    int  place of the answer, from 0
// param   skip      int  people passed over; 0 unless given
// param   limit     int  most people; 20 unless given
// returns user str, name str, segment str?, segment_name str?, at str
// cost    read; every answer to the question; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (q:Question {dataset: $dataset, id: $question})
MATCH (q)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
WHERE h.option IS NOT NULL AND u.sharing_rank >= 1  // 1 = keys
  AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
WITH d, u, h ORDER BY h.at DESC, h.id DESC
WITH d, u, head(collect(h)) AS newest
WHERE newest.option = $option
OPTIONAL MATCH (u)-[r:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
RETURN u.id AS user, u.name AS name, s.id AS segment, s.name AS segment_name, newest.at AS at
ORDER BY coalesce(r.typical, 0.0) DESC, user SKIP $skip LIMIT $limit
