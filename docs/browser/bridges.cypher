// People of two camps whose other values are as common in the other camp as in their own.
// bridges: people of two camps whose other values are as common in the other camp as in their own.
// param   dataset     str  the dataset
// param   camp        str  id or name of the cache key that makes one camp, as `PARTY=D`
// param   other_camp  str  id or name of the cache key that makes the other
// param   limit       int  most people; 20 unless given
// returns user str, name str, camp str, own float, other float, bridge float
// cost    read; every key of the Fit by index to find names, and the keys of everybody in the two camps; CartesianProduct of one dataset and its keys
MATCH (d:Dataset {dataset: $dataset})
MATCH (c:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE c.id > '' AND (c.id IN [$camp, $other_camp] OR c.name IN [$camp, $other_camp])
WITH d, collect(c) AS camps
WHERE size(camps) = 2
UNWIND camps AS camp
MATCH (camp)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH d, camps, camp, collect(u) AS members
UNWIND members AS u
MATCH (u)-[h:HOLDS {retired_at: '9999-12-31'}]->(k:CacheKey)
WHERE h.fit = d.current_fit AND NOT k IN camps
WITH camps, camp, size(members) AS n, k, collect([u, h.unit]) AS holders
WITH camps, k, collect({camp: camp, n: n, holders: holders}) AS sides
UNWIND sides AS side
WITH camps, side, [s IN sides WHERE s.camp <> side.camp][0] AS across
UNWIND side.holders AS holder
WITH side.camp AS camp, holder[0] AS u, holder[1] AS unit,
     // Oneself is no proof of how common it is in one's camp.
     CASE WHEN side.n > 1 THEN 1.0 * (size(side.holders) - 1) / (side.n - 1) ELSE 0.0 END AS here,
     CASE WHEN across IS NULL THEN 0.0 ELSE 1.0 * size(across.holders) / across.n END AS there
WITH u, camp, sum(unit * here) AS own, sum(unit * there) AS other
WHERE own + other > 0
RETURN u.id AS user, u.name AS name, camp.name AS camp, round(own, 6) AS own, round(other, 6) AS other,
       round(other / (own + other), 6) AS bridge
ORDER BY bridge DESC, user LIMIT $limit
