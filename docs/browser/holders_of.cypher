// Who holds one value, those who hold it most first.
// holders_of: who holds one value, those who hold it most first.
// param   dataset  str  the dataset
// param   key      str  id of the cache key
// param   skip     int  people passed over; 0 unless given
// param   limit    int  most people; 20 unless given
// returns user str, name str, weight float, at str
// cost    read; one index look-up, and every holder of the key
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit, id: $key})<-[h:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1  // 1 = keys
WITH d, u, h, h.weight AS weight, u.id AS user ORDER BY weight DESC, user
WHERE NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // after sorting: it is looked at for the page alone
RETURN user, u.name AS name, weight, h.at AS at ORDER BY weight DESC, user SKIP $skip LIMIT $limit
