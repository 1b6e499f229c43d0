// Which other values the holders of one value hold, those first that surely go with it more than by chance.
// goes_with: which other values the holders of one value hold, those first that surely go with it more than by chance.
// param   dataset  str  the dataset
// param   key      str  id of the cache key
// param   sample   int  most holders looked at, those who hold it most; 2000 unless given
// param   least    int  people among them who hold both, at least; 10 unless given
// param   limit    int  most values; 20 unless given
// returns key str, kind str, name str, both int, looked_at int, share float, usual float, lift float, low float, high float
// cost    read; one index look-up, and the keys of the holders looked at; every holder of these where people have weights
MATCH (d:Dataset {dataset: $dataset})
// Ranked by the lower end of the 95 % interval of lift, as in values_of_those_who; people count by survey weights.
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit, id: $key})
CALL (d, k) {
  MATCH (k)<-[h:HOLDS {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1  // 1 = keys
  WITH d, u, h.weight AS weight, u.id AS user ORDER BY weight DESC, user
  WHERE NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
  WITH u ORDER BY weight DESC, user LIMIT $sample
  RETURN collect(u) AS holders, count(u.weight) > 0 AS weighted, sum(coalesce(u.weight, 1.0)) AS inside,
         sum(coalesce(u.weight, 1.0) * coalesce(u.weight, 1.0)) AS squares
}
CALL (d, weighted) {
  WITH d, CASE WHEN weighted THEN $dataset END AS counted  // null looks nobody up, where a WHERE would look up everybody
  MATCH (u:User {dataset: counted})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(u.weight, 1.0)) AS everybody
}
WITH d, k, holders, weighted, inside, squares, everybody,
     k.share * coalesce(k.n_stated, k.n_holders) / CASE k.n_holders WHEN 0 THEN 1 ELSE k.n_holders END AS own
UNWIND holders AS u
MATCH (u)-[g:HOLDS {retired_at: '9999-12-31'}]->(other:CacheKey)
WHERE g.fit = d.current_fit AND other <> k
WITH d, other, weighted, inside, squares, everybody, own, count(*) AS both, sum(coalesce(u.weight, 1.0)) AS w,
     size(holders) AS looked_at
WHERE both >= $least AND other.share > 0
CALL (d, other, weighted, everybody) {
  WITH d, other, weighted, everybody WHERE weighted
  MATCH (other)<-[:HOLDS {retired_at: '9999-12-31'}]-(v:User)
  WHERE v.sharing_rank >= 1 AND NOT EXISTS { (v)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN sum(coalesce(v.weight, 1.0)) / everybody AS usual
  UNION ALL
  WITH other, weighted WHERE NOT weighted
  RETURN other.share * coalesce(other.n_stated, other.n_holders) / other.n_holders AS usual
}
// The two-by-two table of a crowd in which holders are as frequent as among everybody, in effective people.
WITH other, both, looked_at, w / inside AS share, usual, inside * inside / squares AS n, own
WITH *, n / CASE WHEN own > 0 THEN own ELSE 1.0 END AS size
WITH *, share * n + 0.5 AS a, n + 1.0 AS n1, CASE WHEN usual * size > share * n THEN usual * size ELSE share * n END + 1.0 AS n2
WITH *, size + 2.0 AS all
WITH *, sqrt(1.0 / a - 1.0 / n1 - 1.0 / n2 + 2.0 * a / (n1 * n2) - 1.0 / all + 1e-12) AS error,
     a * all / (n1 * n2) AS centre
WITH *, centre * exp(-1.959964 * error) AS low, centre * exp(1.959964 * error) AS high
RETURN other.id AS key, other.kind AS kind, coalesce(other.caption, other.name) AS name, both, looked_at, round(share, 6) AS share,
       round(usual, 6) AS usual, round(share / usual, 6) AS lift, round(low, 6) AS low, round(high, 6) AS high
ORDER BY low DESC, both DESC, key LIMIT $limit
