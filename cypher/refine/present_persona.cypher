// present_persona: the facts and keys that some users have in a Fit, the users locked until the transaction ends.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   users    list[str]  whose
// returns user str, refined int, incomplete bool, facts list[list[str]], keys list[list[any]]
// row     facts [id, retired_at, key]
// row     keys  [key, unit, inferred]
// cost    write; one index look-up a user, and their facts and keys; writes nothing new
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
SET u.version = u.version
WITH u
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit, retired_at: '9999-12-31'})
  RETURN coalesce(max(p.version), -1) AS refined, coalesce(min(p.complete) = false, false) AS incomplete
}
CALL (u) {
  MATCH (u)-[:HAS_FACT]->(f:Fact {fit: $fit})
  RETURN collect([f.id, f.retired_at, f.key]) AS facts
}
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  RETURN collect([k.id, h.unit, type(h) = 'LEANS_TO']) AS keys
}
RETURN u.id AS user, refined, incomplete, facts, keys
