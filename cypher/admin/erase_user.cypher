// erase_user: the user is gone, and with them the cache keys that nobody else ever held.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns users int, holds int, keys int
// cost    write; every key of one user
MATCH (u:User {dataset: $dataset, id: $user})
OPTIONAL MATCH (u)-[h:HOLDS|LEANS_TO]->(k:CacheKey)
WITH u, count(h) AS holds, collect(DISTINCT k) AS held
WITH u, holds, [k IN held WHERE NOT EXISTS { (k)<-[:HOLDS|LEANS_TO]-(other:User) WHERE other <> u }] AS own
FOREACH (k IN own | DETACH DELETE k)
DETACH DELETE u
RETURN 1 AS users, holds, size(own) AS keys
