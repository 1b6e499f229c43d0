// What people who gave an answer hold and answer more often than all who were asked, the surest first.
// values_of_those_who: what people who gave an answer hold and answer more often than all who were asked, the surest first.
// param   dataset   str        the dataset
// param   question  str        id of the question
// param   options   list[int]  places of the answers that count as one, from 0
// param   least     int        people who have both, at least; 20 unless given
// param   sample    int?       most people looked at, by id; everybody unless given
// param   limit     int        most values and answers; 20 unless given
// returns what str, id str, option int?, name str, label str?, said str?, kind str?, battery bool, both int, among int, people int, share float, usual float, lift float, low float, high float
// cost    read; the answers and values of all who answered the question: seconds for millions of answers; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// `share` is of those who gave the answer, `usual` of all who answered the question; for an answer, of those of them who
// answered its question too. `lift` is their ratio with its 95 % interval: the delta method on the logarithm, half a
// person added to each cell of the two-by-two table (Haldane 1956; Katz et al. 1978). People count by their survey
// weights, and the interval by the effective number of people (Kish 1965). Questions of one battery come last.
// The cells of the two-by-two table in effective people: with both, with the answer asked for, with the other, all.
MATCH (asked:Question {dataset: $dataset, id: $question})
CALL (d, asked) {
  MATCH (asked)<-[:ANSWERS]-(:Statement)<-[:SAYS]-(h:HistoryItem {question: $question})<-[:HAS_HISTORY]-(u:User)
  WHERE h.option IS NOT NULL AND u.sharing_rank >= 1  // 1 = keys
    AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
  WITH u, h ORDER BY h.at DESC, h.id DESC
  WITH u, head(collect(h.option)) AS option ORDER BY u.id
  WITH u, option, coalesce(u.weight, 1.0) AS weight LIMIT coalesce($sample, 2147483647)
  RETURN collect({user: u, in: option IN $options, weight: weight}) AS crowd
}
CALL (d, asked, crowd) {
  UNWIND crowd AS one
  WITH one, one.user AS u
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)
  WHERE h.option IS NOT NULL AND h.question <> $question
  WITH one, h ORDER BY h.at DESC, h.id DESC
  WITH one, h.question AS question, head(collect(h.option)) AS option
  WITH question, option, one.in AS in, one.weight AS weight
  WITH question, option, count(*) AS n, sum(weight) AS w, sum(weight * weight) AS ww,
       sum(CASE WHEN in THEN 1 ELSE 0 END) AS n_in, sum(CASE WHEN in THEN weight ELSE 0.0 END) AS w_in
  WITH question, sum(n) AS n, sum(n_in) AS among, sum(w) AS all, sum(ww) AS squares, sum(w_in) AS inside,
       collect({option: option, n: n, both: n_in, w: w, w_both: w_in}) AS options
  UNWIND options AS one
  WITH question, n, among, all, squares, inside, one
  WHERE one.both >= $least
  MATCH (q:Question {dataset: $dataset, id: question})
  OPTIONAL MATCH (:Fit {dataset: $dataset, id: d.current_fit})-[b:BASE_RATE]->(q)
  RETURN 'answer' AS what, question AS id, one.option AS option, coalesce(b.label, q.label, q.text) AS label,
         q.options[one.option] AS said, b.says[one.option] AS says, NULL AS kind,
         q.options = asked.options AND left(q.text, 25) = left(asked.text, 25) AS battery,
         one.both AS both, among, n, all, squares, inside, one.w AS w, one.w_both AS w_both
  UNION ALL
  WITH d, crowd
  CALL (crowd) {
    UNWIND crowd AS one
    RETURN count(*) AS n, sum(CASE WHEN one.in THEN 1 ELSE 0 END) AS among, sum(one.weight) AS all,
           sum(one.weight * one.weight) AS squares, sum(CASE WHEN one.in THEN one.weight ELSE 0.0 END) AS inside
  }
  UNWIND crowd AS one
  WITH d, one, one.user AS u, n, among, all, squares, inside
  MATCH (u)-[h:HOLDS {retired_at: '9999-12-31'}]->(k:CacheKey)
  WHERE h.fit = d.current_fit AND k.kind <> 'stance'  // a stance is an answer, which is counted above
    AND NOT EXISTS { (k)-[:CLAIMS]->(:Question {id: $question}) }
  WITH k, n, among, all, squares, inside, sum(one.weight) AS w,
       sum(CASE WHEN one.in THEN 1 ELSE 0 END) AS both, sum(CASE WHEN one.in THEN one.weight ELSE 0.0 END) AS w_both
  WHERE both >= $least
  RETURN 'value' AS what, k.id AS id, NULL AS option, coalesce(k.caption, k.name) AS label, NULL AS said,
         coalesce(k.caption, k.name) AS says, k.kind AS kind,
         false AS battery, both, among, n, all, squares, inside, w, w_both
}
WITH *, all * all / squares AS effective
WITH *, w_both / all * effective + 0.5 AS a, inside / all * effective + 1.0 AS n1, w / all * effective + 1.0 AS n2,
     effective + 2.0 AS size
WITH *, sqrt(1.0 / a - 1.0 / n1 - 1.0 / n2 + 2.0 * a / (n1 * n2) - 1.0 / size + 1e-12) AS error,
     a * size / (n1 * n2) AS centre
WITH *, centre * exp(-1.959964 * error) AS low, centre * exp(1.959964 * error) AS high
RETURN what, id, option, coalesce(says, label + ': ' + said) AS name, label, said, kind, battery, both, among, n AS people,
       round(w_both / inside, 6) AS share, round(w / all, 6) AS usual, round(w_both / inside / (w / all), 6) AS lift,
       round(low, 6) AS low, round(high, 6) AS high
ORDER BY battery, low DESC, both DESC, what, id, option LIMIT $limit
