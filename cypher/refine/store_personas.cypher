// store_personas: some users are refined in a Fit up to a version, with the keys they hold now; an older one there is retired.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, id str, version int, complete bool?, traits list[float], style list[float], scores list[float], at str}
// returns n int
// cost    write; one index look-up a row, and the user's keys
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CALL (u, row) {
  MATCH (u)-[:HAS_PERSONA]->(old:Persona {fit: $fit, retired_at: '9999-12-31'})
  WHERE old.id <> row.id
  // One that was never valid is not to be found among those who hold a key.
  SET old.retired_at = row.at, old.profile = CASE WHEN old.at < row.at THEN old.profile END
}
CALL (u) {
  // One word a key: its token and a band, round(9 * sqrt(unit)), 0 to 9. `settle_holds` writes the same words, and
  // `join` searches for bands 1 to 9: whoever changes one changes all three, and refines anew.
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k)
  WITH k.token + toInteger(round(9 * sqrt(h.unit))) AS word ORDER BY word
  RETURN reduce(words = '', word IN collect(word) | words + word + ' ') AS words
}
// Nobody is to find those whom the Fit distrusts.
WITH u, row, CASE WHEN NOT EXISTS { (u)<-[d:DISTRUSTS {fit: $fit}]-() WHERE d.at <= row.at } THEN words END AS profile
MERGE (p:Persona {dataset: $dataset, fit: $fit, id: row.id})
SET p.user = row.user, p.version = row.version, p.complete = row.complete, p.sharing = u.sharing,
    p.sharing_rank = u.sharing_rank, p.profile = profile, p.traits = row.traits,
    p.style = row.style, p.scores = row.scores,
    p.at = row.at, p.retired_at = '9999-12-31'
MERGE (u)-[:HAS_PERSONA]->(p)
RETURN count(*) AS n
