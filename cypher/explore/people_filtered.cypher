// people_filtered: people who have some attributes and are in a segment, by id in pages.
// param   dataset     str        the dataset
// param   attributes  list[str]  attributes that they have, all of them, as `PARTY=R`; [] unless given
// param   segment     str?       id of the segment they are in; any unless given
// param   skip        int        people passed over; 0 unless given
// param   limit       int        most people; 50 unless given
// returns user str, name str, segment str?, segment_name str?
// cost    read; everybody of the dataset until the page is full; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND u.sharing_rank >= 1 AND all(one IN $attributes WHERE one IN u.attributes)  // 1 = keys
  AND ($segment IS NULL OR EXISTS {
    (u)-[:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(:Segment {id: $segment})
    WHERE NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
  })
WITH d, u ORDER BY u.dataset, u.id SKIP $skip LIMIT $limit
OPTIONAL MATCH (u)-[r:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
RETURN u.id AS user, u.name AS name, s.id AS segment, s.name AS segment_name ORDER BY user
