// store_holds: some users hold these cache keys, or lean to them by inference: they did not say what the key says.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, at str, keys list[map]}: keys are {key str, weight float, unit float, inferred bool}
// returns n int
// cost    write; one index look-up a row and a key
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CALL (u, row) {
  UNWIND [held IN row.keys WHERE NOT held.inferred] AS held
  MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: held.key})
  CREATE (u)-[:HOLDS {fit: $fit, weight: held.weight, unit: held.unit, at: row.at, retired_at: '9999-12-31'}]->(k)
}
CALL (u, row) {
  UNWIND [held IN row.keys WHERE held.inferred] AS held
  MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: held.key})
  CREATE (u)-[:LEANS_TO {fit: $fit, weight: held.weight, unit: held.unit, at: row.at, retired_at: '9999-12-31'}]->(k)
}
RETURN count(*) AS n
