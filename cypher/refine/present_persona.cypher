// present_persona: the facts and keys that some users have in a Fit now, so that only what changed is written.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   users    list[str]  whose
// returns user str, facts list[str], keys list[list[any]]
// cost    read; one index look-up a user, and their facts and keys
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
CALL (u) {
  MATCH (u)-[:HAS_FACT]->(f:Fact {fit: $fit, retired_at: '9999-12-31'})
  RETURN collect(f.id) AS facts
}
CALL (u) {
  MATCH (u)-[h:HOLDS {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  RETURN collect([k.id, h.unit]) AS keys
}
RETURN u.id AS user, facts, keys
