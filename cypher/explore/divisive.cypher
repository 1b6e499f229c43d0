// divisive: the answers on which the segments are farthest apart.
// param   dataset  str   the dataset
// param   of_fit   str?  the Fit; the current one unless given
// param   least    int   people of each segment who were asked, at least; 20 unless given
// param   limit    int   most answers; 20 unless given
// returns question str, says str, option int, apart float, low float, shares list[float], most_in list[str], people int
// cost    read; what the segments answered, as counted by the Fit; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
// `apart` is the largest difference of two segments' shares, `low` the lower end of its 95 % interval (Newcombe 1998 is
// wider by little; this is Agresti and Caffo 2000), by which they are ordered. Of each question one option is taken.
// `most_in` are the groups that say it most: all that come within half a percentage point of the largest share.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit)}) WHERE s.id > '' AND s.id <> 'between'
WITH s ORDER BY s.place
MATCH (s)-[a:ANSWERED]->(q:Question) WHERE coalesce(q.content, 'opinion') IN ['opinion', 'behaviour']
WITH s.fit AS fit, q, a.effective AS given, reduce(n = 0, one IN a.counts | n + one) AS asked,
     reduce(n = 0.0, one IN a.effective | n + one) AS n, s.place AS place, s.name AS name ORDER BY place
WITH fit, q, collect({given: given, n: n, name: name}) AS groups, min(asked) AS fewest, sum(asked) AS people
WHERE fewest >= $least
UNWIND range(0, size(q.options) - 1) AS option
CALL (groups, option) {
  UNWIND groups AS one
  WITH one, (one.given[option] + 1.0) / (one.n + 2.0) AS p ORDER BY p
  WITH collect({p: p, n: one.n + 2.0, share: one.given[option] / one.n, name: one.name}) AS ordered
  WITH ordered[0] AS lowest, ordered[-1] AS highest
  RETURN highest.share - lowest.share AS apart, highest.p - lowest.p
         - 1.959964 * sqrt(highest.p * (1.0 - highest.p) / highest.n + lowest.p * (1.0 - lowest.p) / lowest.n) AS low
}
WITH fit, q, option, people, groups, apart, low, [g IN groups | round(g.given[option] / g.n, 6)] AS shares
WITH *, reduce(most = 0.0, one IN shares | CASE WHEN one > most THEN one ELSE most END) AS most
WITH fit, q, option, people, apart, low, shares,
     [at IN range(0, size(groups) - 1) WHERE shares[at] >= most - 0.005 | groups[at].name] AS most_in
ORDER BY low DESC, option
WITH fit, q, people, head(collect({option: option, most_in: most_in, apart: apart, low: low, shares: shares})) AS one
MATCH (:Fit {dataset: $dataset, id: fit})-[rate:BASE_RATE]->(q)
RETURN q.id AS question,
       CASE WHEN rate.says[one.option] IS NULL OR rate.says[one.option] CONTAINS '…' AND size(q.text) <= 160
            THEN q.options[one.option] + ' · ' + q.text ELSE rate.says[one.option] END AS says,
       one.option AS option, round(one.apart, 6) AS apart, round(one.low, 6) AS low, one.shares AS shares,
       one.most_in AS most_in, people
ORDER BY low DESC, question LIMIT $limit
