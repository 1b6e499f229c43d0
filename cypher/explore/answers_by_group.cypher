// answers_by_group: how the groups of an attribute, the segments, or holders of a value and the others answer a question.
// param   dataset   str  the dataset
// param   question  str  id of the question
// param   by        str  name of an attribute, `segment`, or id, name or caption of a cache key
// param   limit     int  most rows; 500 unless given
// returns group str, name str, option int, said str, people int, asked int, share float, low float, high float
// cost    read; every answer to the question, and every key of the Fit by index to find a name; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// `asked` are the people of the group who answered, `share` of them by their survey weights, with the 95 % interval of
// Wilson (1927) on the effective number of people (Kish 1965).
MATCH (q:Question {dataset: $dataset, id: $question})
CALL (d) {
  OPTIONAL MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
  WHERE k.id > '' AND ($by IN [k.id, k.name, k.caption])
  RETURN head(collect(k)) AS key
}
CALL (d, q) {
  MATCH (q)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option IS NOT NULL AND u.sharing_rank >= 1  // 1 = keys
    AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
  WITH u, h ORDER BY h.at DESC, h.id DESC
  RETURN u, head(collect(h.option)) AS option
}
CALL (d, u, key) {
  WITH d, u, key WHERE key IS NOT NULL
  RETURN CASE WHEN EXISTS { (u)-[:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(key) }
         THEN [key.id, coalesce(key.caption, key.name)] ELSE ['~', 'others'] END AS group
  UNION ALL
  WITH d, u, key WHERE key IS NULL AND $by = 'segment'
  MATCH (u)-[:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
  RETURN [s.id, s.name] AS group
  UNION ALL
  WITH d, u, key WHERE key IS NULL AND $by <> 'segment'
  UNWIND [one IN u.attributes WHERE one STARTS WITH $by + '='] AS one
  RETURN [substring(one, size($by) + 1), substring(one, size($by) + 1)] AS group
}
WITH q, group, option, coalesce(u.weight, 1.0) AS weight
WITH q, group, option, count(*) AS n, sum(weight) AS w, sum(weight * weight) AS ww
WITH q, group, sum(n) AS asked, sum(w) AS all, sum(ww) AS squares, collect({option: option, n: n, w: w}) AS given
UNWIND range(0, size(q.options) - 1) AS option
WITH q, group, option, asked, all, all * all / squares AS size, [one IN given WHERE one.option = option][0] AS one
WITH q, group, option, asked, size, coalesce(one.n, 0) AS people, coalesce(one.w, 0.0) / all AS share
WITH *, 3.841459 / size AS z
WITH *, 1.959964 * sqrt(share * (1.0 - share) / size + z / (4.0 * size)) AS reach
RETURN group[0] AS group, group[1] AS name, option, q.options[option] AS said, people, asked, round(share, 6) AS share,
       round(((share + z / 2.0) - reach) / (1.0 + z), 6) AS low,
       round(((share + z / 2.0) + reach) / (1.0 + z), 6) AS high
ORDER BY group, option LIMIT $limit
