// what_two_share: what two people share and where they differ: keys of both, opposed keys, and keys of one alone.
// param   dataset  str  the dataset
// param   first    str  id of one user
// param   second   str  id of the other
// returns how str, key str, kind str, name str, first_weight float?, second_weight float?, opposite str?, contribution float
// cost    read; two index look-ups, and the keys of both users; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $first})
MATCH (v:User {dataset: $dataset, id: $second})
CALL (d, u) {
  OPTIONAL MATCH (u)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  RETURN collect({key: k, hold: h}) AS ours
}
CALL (d, v) {
  OPTIONAL MATCH (v)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  RETURN collect({key: k, hold: h}) AS theirs
}
CALL (ours, theirs) {
  UNWIND ours AS a
  WITH a, theirs WHERE a.key IS NOT NULL
  WITH a, theirs, a.key AS own
  OPTIONAL MATCH (own)-[:OPPOSITE_OF]-(opposite:CacheKey)
  WITH a, theirs, collect(opposite) AS opposites
  WITH a, [b IN theirs WHERE b.key = a.key OR b.key IN opposites][0] AS b
  RETURN a, b
  UNION ALL
  UNWIND theirs AS b
  WITH b, ours WHERE b.key IS NOT NULL
  WITH b, ours, b.key AS own
  OPTIONAL MATCH (own)-[:OPPOSITE_OF]-(opposite:CacheKey)
  WITH b, ours, collect(opposite) AS opposites
  WHERE none(a IN ours WHERE a.key = b.key OR a.key IN opposites)
  RETURN NULL AS a, b
}
WITH a, b, coalesce(a.key, b.key) AS k,
     CASE WHEN b IS NULL THEN 'only the first' WHEN a IS NULL THEN 'only the second'
          WHEN a.key = b.key THEN 'shared' ELSE 'opposed' END AS how
WITH a, b, k, how, CASE how WHEN 'shared' THEN 1 WHEN 'opposed' THEN -1 ELSE 0 END AS sign
RETURN how, k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, a.hold.weight AS first_weight, b.hold.weight AS second_weight,
       CASE how WHEN 'opposed' THEN coalesce(b.key.caption, b.key.name) END AS opposite,
       CASE WHEN sign = 0 THEN 0.0 ELSE round(sign * a.hold.unit * b.hold.unit, 9) END AS contribution
ORDER BY CASE how WHEN 'shared' THEN 0 WHEN 'opposed' THEN 1 WHEN 'only the first' THEN 2 ELSE 3 END,
         abs(contribution) DESC, coalesce(first_weight, second_weight) DESC, key
