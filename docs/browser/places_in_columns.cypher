// What places_of_people returns, as columns: a tenth of the time where there are many people.
// places_in_columns: what places_of_people returns, as columns: a tenth of the time where there are many people.
// param   dataset    str   the dataset
// param   attribute  str?  name of an attribute to colour by; none unless given
// param   question   str?  id of a question to colour by; none unless given
// returns users list[str], names list[str], segments list[str], x list[float], y list[float], groups list[str], left_out list[str], answered list[str], options list[int]
// cost    read; everybody once, and every answer to the question; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
// `left_out` are people whom the Fit leaves out; `answered` gave the question's newest answer in `options`.
CALL (d) {
  OPTIONAL MATCH (:Fit {dataset: $dataset, id: d.current_fit})-[:DISTRUSTS]->(u:User)
  RETURN collect(u.id) AS left_out
}
CALL () {
  MATCH (:Question {dataset: $dataset, id: $question})<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option IS NOT NULL AND u.sharing_rank >= 1  // 1 = keys
  WITH u, h ORDER BY h.at DESC, h.id DESC
  WITH u.id AS user, head(collect(h.option)) AS option
  RETURN collect(user) AS answered, collect(option) AS options
}
CALL (d) {
  MATCH (s:Segment {dataset: $dataset, fit: d.current_fit}) WHERE s.id > ''
  MATCH (s)<-[r:IN_SEGMENT {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1  // 1 = keys
  WITH s, r, u, [one IN u.attributes WHERE $attribute IS NOT NULL AND one STARTS WITH $attribute + '=' | substring(one, size($attribute) + 1)][0] AS group
  RETURN collect(u.id) AS users, collect(CASE WHEN u.name IS NULL OR u.name = '' THEN u.id ELSE u.name END) AS names,
         collect(s.id) AS segments, collect(r.x) AS x, collect(r.y) AS y, collect(coalesce(group, '')) AS groups
}
RETURN users, names, segments, x, y, groups, left_out, answered, options
