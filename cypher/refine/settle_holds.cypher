// settle_holds: what each key counts for in some users' scores is this, and their personas are found by it.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, keys list[list[any]]}: keys are [key, unit]
// returns n int
// cost    write; one index look-up a row, and the user's keys
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CALL (u, row) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  SET h.unit = reduce(unit = h.unit, held IN row.keys | CASE WHEN held[0] = k.id THEN held[1] ELSE unit END)
  // One word a key: its token and a band, round(9 * sqrt(unit)), 0 to 9, as in `store_personas`; `join` reads them.
  WITH k.token + toInteger(round(9 * sqrt(h.unit))) AS word ORDER BY word
  RETURN reduce(words = '', word IN collect(word) | words + word + ' ') AS profile
}
MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit, retired_at: '9999-12-31'})
SET p.profile = CASE WHEN NOT EXISTS { (u)<-[d:DISTRUSTS {fit: $fit}]-() WHERE d.at <= p.at } THEN profile END
RETURN count(*) AS n
