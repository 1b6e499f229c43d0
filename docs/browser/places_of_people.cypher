// Everybody's place on the map, with their segment and answers, for drawing.
// places_of_people: everybody's place on the map, with their segment and answers, for drawing.
// param   dataset    str   the dataset
// param   attribute  str?  name of an attribute to colour by; none unless given
// param   question   str?  id of a question to colour by; none unless given
// returns user str, name str, segment str, x float, y float, group str?, option int?, left_out bool
// cost    read; everybody once, with their answer; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
// People whom the Fit leaves out have a place too, and are in between.
MATCH (s:Segment {dataset: $dataset, fit: d.current_fit}) WHERE s.id > ''
MATCH (s)<-[r:IN_SEGMENT {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1  // 1 = keys
CALL (u) {
  WITH u WHERE $question IS NOT NULL
  OPTIONAL MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem {question: $question}) WHERE h.option IS NOT NULL
  WITH h ORDER BY h.at DESC, h.id DESC LIMIT 1
  RETURN h.option AS option
  UNION ALL
  WITH u WHERE $question IS NULL
  RETURN NULL AS option
}
RETURN u.id AS user, u.name AS name, s.id AS segment, r.x AS x, r.y AS y,
       [one IN u.attributes WHERE $attribute IS NOT NULL AND one STARTS WITH $attribute + '=' | substring(one, size($attribute) + 1)][0] AS group, option,
       EXISTS { (u)<-[:DISTRUSTS {fit: s.fit}]-() } AS left_out
ORDER BY user
