// Pairs of values that the same people hold, those first that surely go together more than by chance.
// values_together: pairs of values that the same people hold, those first that surely go together more than by chance.
// param   dataset  str  the dataset
// param   among    int  the most widely held values, whose pairs are looked at; 300 unless given
// param   least    int  people who hold both, at least; 10 unless given
// param   limit    int  most pairs; 20 unless given
// returns first str, first_name str, second str, second_name str, both int, lift float, low float, high float
// cost    read; every holder of the values looked at, and every pair of these that somebody holds: seconds where people are many; CartesianProduct of one dataset and its keys
MATCH (d:Dataset {dataset: $dataset})
// Ranked by the lower end of the 95 % interval of lift, as in values_of_those_who; people count by survey weights.
CALL (d) {
  MATCH (u:User {dataset: $dataset})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  WITH coalesce(u.weight, 1.0) AS weight
  RETURN sum(weight) AS everybody, sum(weight) * sum(weight) / sum(weight * weight) AS effective
}
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit}) WHERE k.id > ''
WITH d, everybody, effective, k ORDER BY coalesce(k.n_stated, k.n_holders) DESC, k.id LIMIT $among
MATCH (k)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH everybody, effective, k, collect(u) AS holders, sum(coalesce(u.weight, 1.0)) AS weight
WITH everybody, effective, collect({key: k, weight: weight, holders: holders}) AS keys
UNWIND keys AS one
UNWIND one.holders AS u
WITH everybody, effective, u, one.key AS key, one.weight AS weight ORDER BY key.id
WITH everybody, effective, coalesce(u.weight, 1.0) AS own, collect([key, weight]) AS held, u
UNWIND range(0, size(held) - 2) AS place
UNWIND held[place + 1..] AS second
WITH everybody, effective, held[place] AS first, second, count(*) AS both, sum(own) AS w
WHERE both >= $least
WITH first[0] AS first, second[0] AS second, both, w / everybody AS share, first[1] / everybody AS p, second[1] / everybody AS q,
     effective
WITH *, share * effective + 0.5 AS a, p * effective + 1.0 AS n1, q * effective + 1.0 AS n2, effective + 2.0 AS all
WITH *, sqrt(1.0 / a - 1.0 / n1 - 1.0 / n2 + 2.0 * a / (n1 * n2) - 1.0 / all + 1e-12) AS error,
     a * all / (n1 * n2) AS centre
WITH *, centre * exp(-1.959964 * error) AS low, centre * exp(1.959964 * error) AS high
RETURN first.id AS first, coalesce(first.caption, first.name) AS first_name, second.id AS second, coalesce(second.caption, second.name) AS second_name, both,
       round(share / (p * q), 6) AS lift, round(low, 6) AS low, round(high, 6) AS high
ORDER BY low DESC, both DESC, first, second LIMIT $limit
