// retire_holds: users no longer hold these keys from a time on.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, key str, at str}
// returns n int
// cost    write; one index look-up a row, and the user's keys
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey {id: row.key})
SET h.retired_at = row.at
RETURN count(*) AS n
