// who_shares_values: who holds these values, those who hold most of them first.
// param   dataset  str        the dataset
// param   keys     list[str]  ids of cache keys, or their names
// param   least    int        how many of them one holds at least; 1 unless given
// param   limit    int        most people; 20 unless given
// returns user str, name str, held int, weight float, values list[str]
// cost    read; every key of the Fit by index to find names, and the holders of those asked for
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE k.id > '' AND (k.id IN $keys OR k.name IN $keys OR k.caption IN $keys)
MATCH (k)<-[h:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH u, k, h ORDER BY h.weight DESC, k.id
WITH u, count(k) AS held, sum(h.weight) AS weight, collect(coalesce(k.caption, k.name)) AS values
WHERE held >= $least
RETURN u.id AS user, u.name AS name, held, round(weight, 6) AS weight, values
ORDER BY held DESC, weight DESC, user LIMIT $limit
