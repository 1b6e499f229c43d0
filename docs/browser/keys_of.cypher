// The values a user holds, those first that count most in who is found to be like them.
// keys_of: the values a user holds, those first that count most in who is found to be like them.
// param   dataset  str  the dataset
// param   user     str  id of the user
// returns key str, kind str, name str, weight float, counts float, holders int, at str
// cost    read; one index look-up, and the user's keys; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
RETURN k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, h.weight AS weight, h.unit AS counts, k.n_holders AS holders,
       h.at AS at
ORDER BY counts DESC, key
