// People of two camps whose values are as common in the other camp as in their own, and which values these are.
// bridges: people of two camps whose values are as common in the other camp as in their own, and which values these are.
// param   dataset     str  the dataset
// param   camp        str  id, name or caption of the cache key that makes one camp, as `Party: D`
// param   other_camp  str  that of the cache key that makes the other
// param   least       int  values that one holds, attributes not counted, at least; 3 unless given
// param   limit       int  most people; 20 unless given
// returns user str, name str, camp str, own float, other float, bridge float, because list[str]
// cost    read; every key of the Fit by index to find names, and the keys of everybody in the two camps; CartesianProduct of one dataset and its keys
MATCH (d:Dataset {dataset: $dataset})
// `own` and `other` sum, over one's values, how much each counts times its share in that camp by survey weights.
// Attributes are no values: living in a state makes nobody a bridge.
MATCH (c:CacheKey {dataset: $dataset, fit: d.current_fit})
WHERE c.id > '' AND any(one IN [c.id, c.name, c.caption] WHERE one IN [$camp, $other_camp])
WITH d, collect(c) AS camps
WHERE size(camps) = 2
UNWIND camps AS camp
MATCH (camp)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH d, camps, camp, collect([u, coalesce(u.weight, 1.0)]) AS members, sum(coalesce(u.weight, 1.0)) AS weight
UNWIND members AS member
WITH d, camps, camp, weight, member[0] AS u, member[1] AS own
MATCH (u)-[h:HOLDS {retired_at: '9999-12-31'}]->(k:CacheKey)
WHERE h.fit = d.current_fit AND k.kind <> 'demographic' AND NOT k IN camps
WITH camps, camp, weight, k, sum(own) AS held, collect([u, h.unit, own]) AS holders
WITH camps, k, collect({camp: camp, weight: weight, held: held, holders: holders}) AS sides
UNWIND sides AS side
WITH k, side, [s IN sides WHERE s.camp <> side.camp][0] AS across
UNWIND side.holders AS holder
WITH side.camp AS camp, holder[0] AS u, holder[1] AS unit, k,
     // Oneself is no proof of how common it is in one's camp.
     CASE WHEN side.weight > holder[2] THEN (side.held - holder[2]) / (side.weight - holder[2]) ELSE 0.0 END AS here,
     CASE WHEN across IS NULL THEN 0.0 ELSE across.held / across.weight END AS there
WITH u, camp, k, unit, here, there ORDER BY unit * (there - here) DESC, k.id
WITH u, camp, count(*) AS values, sum(unit * here) AS own, sum(unit * there) AS other,
     collect(CASE WHEN there > here THEN coalesce(k.caption, k.name) END)[..3] AS because
WHERE own + other > 0 AND values >= $least
RETURN u.id AS user, u.name AS name, coalesce(camp.caption, camp.name) AS camp, round(own, 6) AS own, round(other, 6) AS other,
       round(other / (own + other), 6) AS bridge, because
ORDER BY bridge DESC, user LIMIT $limit
