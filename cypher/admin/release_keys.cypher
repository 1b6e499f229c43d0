// release_keys: a user holds no cache keys any more, in any Fit.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns holds int
// cost    write; every key of one user
MATCH (u:User {dataset: $dataset, id: $user})-[held:HOLDS|LEANS_TO]->(:CacheKey)
WITH collect(held) AS holds
FOREACH (held IN holds | DELETE held)
RETURN size(holds) AS holds
