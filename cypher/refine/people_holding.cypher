// people_holding: who holds each of some cache keys, and of which questions its name speaks.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   keys     list[str]  ids of the keys
// returns key str, users list[str], claims list[str]
// cost    read; one index look-up a key, and everybody who holds it
UNWIND $keys AS id
MATCH (k:CacheKey {dataset: $dataset, fit: $fit, id: id})
RETURN id AS key, COLLECT { MATCH (k)<-[:HOLDS {fit: $fit, retired_at: '9999-12-31'}]-(u:User) RETURN u.id } AS users,
       [(k)-[:CLAIMS]->(q) | q.id] AS claims
