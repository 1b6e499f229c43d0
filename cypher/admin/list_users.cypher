// list_users: the users of a dataset by id, with what is stored of each and what the current Fit made of it.
// param   dataset  str  whose users
// param   after    str  ids after this one; '' from the start
// param   limit    int  most users returned
// returns id str, name str, sharing str, items int, facts int, keys int
// cost    read; the users returned, in the order of the index, and their facts and keys
OPTIONAL MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset}) WHERE u.id > $after
WITH d, u ORDER BY u.dataset, u.id LIMIT $limit  // by dataset first: the order of the index, so that nothing is sorted
RETURN u.id AS id, u.name AS name, u.sharing AS sharing,
       COUNT { (u)-[:HAS_HISTORY]->() } AS items,
       COUNT { (u)-[:HAS_FACT]->(f:Fact) WHERE f.fit = d.current_fit AND f.retired_at = '9999-12-31' } AS facts,
       COUNT { (u)-[h:HOLDS]->(:CacheKey) WHERE h.fit = d.current_fit AND h.retired_at = '9999-12-31' } AS keys
ORDER BY id
