// The answers that tell two segments apart most, by the test of their difference.
// segments_differ: the answers that tell two segments apart most, by the test of their difference.
// param   dataset  str   the dataset
// param   segment  str   id of one segment
// param   other    str   id of the other
// param   of_fit   str?  the Fit; the current one unless given
// param   least    int   people of each who were asked, at least; 20 unless given
// param   limit    int   most answers; 20 unless given
// returns question str, says str, option int, first_share float, second_share float, difference float, z float, first_asked int, second_asked int
// cost    read; what both segments answered, as counted by the Fit; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// One person is added to every count, as in Polis. Of each question the option that differs most is taken.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit), id: $segment})
MATCH (t:Segment {dataset: $dataset, fit: s.fit, id: $other})
MATCH (s)-[a:ANSWERED]->(q:Question)<-[b:ANSWERED]-(t)
WITH s, q, a, b, reduce(n = 0, one IN a.counts | n + one) AS first_asked, reduce(n = 0, one IN b.counts | n + one) AS second_asked,
     reduce(n = 0.0, one IN a.effective | n + one) AS n1, reduce(n = 0.0, one IN b.effective | n + one) AS n2
WHERE first_asked >= $least AND second_asked >= $least AND coalesce(q.content, 'opinion') IN ['opinion', 'behaviour']
MATCH (:Fit {dataset: $dataset, id: s.fit})-[rate:BASE_RATE]->(q)
UNWIND range(0, size(a.effective) - 1) AS option
WITH q, rate, option, first_asked, second_asked, a.effective[option] AS x, b.effective[option] AS y, n1, n2
WITH *, (x + y + 2.0) / (n1 + n2 + 2.0) AS pooled, (x + 1.0) / (n1 + 1.0) - (y + 1.0) / (n2 + 1.0) AS apart
WHERE pooled < 1.0
WITH *, apart / sqrt(pooled * (1.0 - pooled) * (1.0 / (n1 + 1.0) + 1.0 / (n2 + 1.0))) AS z
ORDER BY abs(z) DESC, option
WITH q, head(collect({option: option, says: rate.says[option], x: x / n1, y: y / n2, z: z})) AS one, first_asked, second_asked
RETURN q.id AS question,
       CASE WHEN one.says IS NULL OR one.says CONTAINS '…' AND size(q.text) <= 160
            THEN q.options[one.option] + ' · ' + q.text
            ELSE one.says END AS says, one.option AS option,
       round(one.x, 6) AS first_share, round(one.y, 6) AS second_share, round(one.x - one.y, 6) AS difference,
       round(one.z, 4) AS z, first_asked, second_asked
ORDER BY abs(z) DESC, question LIMIT $limit
