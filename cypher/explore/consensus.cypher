// consensus: the answers on which all segments agree, those first that the least agreeing one gives most.
// param   dataset  str   the dataset
// param   of_fit   str?  the Fit; the current one unless given
// param   least    int   people of each segment who were asked, at least; 20 unless given
// param   limit    int   most answers; 20 unless given
// returns question str, says str, option int, least_share float, agreement float, shares list[float], people int
// cost    read; what the segments answered, as counted by the Fit; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
// `agreement` is Polis' group-aware consensus: the product of the shares, one person added on each side. `shares` are
// those of the segments in their order, without those in between.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit)}) WHERE s.id > '' AND s.id <> 'between'
WITH s ORDER BY s.place
MATCH (s)-[a:ANSWERED]->(q:Question) WHERE coalesce(q.content, 'opinion') IN ['opinion', 'behaviour']
WITH s.fit AS fit, q, a.effective AS given, reduce(n = 0, one IN a.counts | n + one) AS asked,
     reduce(n = 0.0, one IN a.effective | n + one) AS n, s.place AS place ORDER BY place
WITH fit, q, collect({given: given, n: n}) AS groups, min(asked) AS fewest, sum(asked) AS people
WHERE fewest >= $least
UNWIND range(0, size(q.options) - 1) AS option
WITH fit, q, option, people, [g IN groups | (g.given[option] + 1.0) / (g.n + 2.0)] AS smooth,
     [g IN groups | round(g.given[option] / g.n, 6)] AS shares
WITH *, reduce(low = 1.0, one IN shares | CASE WHEN one < low THEN one ELSE low END) AS least_share,
     reduce(product = 1.0, one IN smooth | product * one) AS agreement
WHERE least_share > 0.5
MATCH (:Fit {dataset: $dataset, id: fit})-[rate:BASE_RATE]->(q)
RETURN q.id AS question,
       CASE WHEN rate.says[option] IS NULL OR rate.says[option] CONTAINS '…' AND size(q.text) <= 160
            THEN q.options[option] + ' · ' + q.text
            ELSE rate.says[option] END AS says, option,
       least_share, round(agreement, 6) AS agreement, shares, people
ORDER BY agreement DESC, question LIMIT $limit
