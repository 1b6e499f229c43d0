// keys_of_holder: the cache keys that a prediction for one user can read, of those that enough people hold, in order of id.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   least    int        keys of fewer holders are left out; 0 for all
// param   user     str        id of the user
// param   groups   list[str]  ids of more keys, those of the user's attributes
// returns id str, kind str, name str, n_holders int, idf float, share float, loadings list[float], opposite str?
// cost    read; one index look-up, the user's keys and facts, and an index look-up for each key
MATCH (u:User {dataset: $dataset, id: $user})
CALL (u) {
  MATCH (u)-[:HOLDS|LEANS_TO {fit: $fit}]->(k:CacheKey) RETURN k.id AS key
  UNION
  MATCH (u)-[:HAS_FACT]->(f:Fact {fit: $fit}) RETURN f.key AS key
  UNION
  UNWIND $groups AS key RETURN key
}
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: key})
WHERE k.n_holders >= $least
OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o:CacheKey)
RETURN k.id AS id, k.kind AS kind, k.name AS name, k.n_holders AS n_holders, k.idf AS idf, k.share AS share,
       k.loadings AS loadings, min(o.id) AS opposite ORDER BY id
