// How the groups of an attribute, or the segments, answer a question, as the Fit counted them.
// groups_counted: how the groups of an attribute, or the segments, answer a question, as the Fit counted them.
// param   dataset   str  the dataset
// param   question  str  id of the question
// param   by        str  name of an attribute, or `segment`
// param   limit     int  most rows; 500 unless given
// returns group str, name str, option int, said str, people int, asked int, share float, low float, high float
// cost    read; one index look-up, and what the Fit counted of one question; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// The columns are those of answers_by_group, which counts everybody anew. No rows where the Fit has not counted it.
MATCH (q:Question {dataset: $dataset, id: $question})
CALL (d, q) {
  WITH d, q WHERE $by = 'segment'
  MATCH (q)<-[a:ANSWERED {fit: d.current_fit}]-(s:Segment)
  RETURN s.id AS group, s.name AS name, a.counts AS counts, a.effective AS effective
  UNION ALL
  WITH d, q WHERE $by <> 'segment'
  MATCH (:Fit {dataset: $dataset, id: d.current_fit})-[c:CROSSTAB {attribute: $by}]->(q)
  UNWIND range(0, size(c.values) - 1) AS place
  WITH q, c, place * size(q.options) AS first, c.values[place] AS value
  RETURN value AS group, value AS name, c.counts[first .. first + size(q.options)] AS counts,
         c.effective[first .. first + size(q.options)] AS effective
}
WITH q, group, name, counts, effective, reduce(n = 0, one IN counts | n + one) AS asked,
     reduce(n = 0.0, one IN effective | n + one) AS size
WHERE asked > 0
UNWIND range(0, size(q.options) - 1) AS option
WITH q, group, name, option, counts[option] AS people, asked, size, effective[option] / size AS share,
     3.841459 / size AS z
WITH *, 1.959964 * sqrt(share * (1.0 - share) / size + z / (4.0 * size)) AS reach
RETURN group, name, option, q.options[option] AS said, people, asked, round(share, 6) AS share,
       round(((share + z / 2.0) - reach) / (1.0 + z), 6) AS low,
       round(((share + z / 2.0) + reach) / (1.0 + z), 6) AS high
ORDER BY group, option LIMIT $limit
