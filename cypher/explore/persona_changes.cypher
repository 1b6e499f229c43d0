// persona_changes: how a user's persona changed between two dates: facts and keys gained and lost.
// param   dataset  str  the dataset
// param   user     str  id of the user
// param   since    str  the earlier date, all of its day; read by the newest Fit of items up to it, else by the current one
// param   until    str  the later date, in the same way
// returns change str, what str, kind str, text str, at str
// cost    read; the Fits of the dataset, and the facts and keys of one user; CartesianProduct of one dataset and its Fits
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})
CALL (d, u) {
  UNWIND [0, 1] AS side
  WITH d, u, side, [$since, $until][side] AS given
  WITH d, u, side, CASE size(given) WHEN 10 THEN given + 'T23:59:59Z' ELSE given END AS date
  OPTIONAL MATCH (f:Fit {dataset: $dataset, status: 'ready'})
  WHERE f.id > '' AND f.through <= date
  WITH d, u, side, date, f ORDER BY f.through DESC, f.created_at DESC, f.id
  WITH d, u, side, date, coalesce(head(collect(f.id)), d.current_fit) AS fit
  CALL (u, date, fit) {
    MATCH (u)-[:HAS_FACT]->(n:Fact {fit: fit})
    WHERE n.at <= date AND n.retired_at > date AND coalesce(n.key, '') <> 'position:all'
    RETURN collect(DISTINCT ['fact', n.layer, n.text, n.at]) AS facts
  }
  CALL (u, date, fit) {
    MATCH (u)-[h:HOLDS {fit: fit}]->(k:CacheKey)
    WHERE h.at <= date AND h.retired_at > date
    RETURN collect(DISTINCT ['key', k.kind, coalesce(k.caption, k.name), h.at]) AS keys
  }
  WITH facts + keys AS everything, side ORDER BY side
  RETURN collect(everything) AS sides
}
WITH sides[0] AS before, sides[1] AS after
CALL (before, after) {
  UNWIND after AS one
  WITH one, before WHERE none(other IN before WHERE other[..3] = one[..3])
  RETURN 'gained' AS change, one
  UNION ALL
  UNWIND before AS one
  WITH one, after WHERE none(other IN after WHERE other[..3] = one[..3])
  RETURN 'lost' AS change, one
}
RETURN change, one[0] AS what, one[1] AS kind, one[2] AS text, one[3] AS at ORDER BY change, what, kind, at, text
