// segment_of: the segment that a person is in, and how clearly.
// param   dataset  str  the dataset
// param   user     str  id of the user
// returns segment str, name str, clear float, typical float, few bool
// cost    read; one index look-up, and the person's segments; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (u:User {dataset: $dataset, id: $user})-[r:IN_SEGMENT {fit: d.current_fit, retired_at: '9999-12-31'}]->(s:Segment)
RETURN s.id AS segment, s.name AS name, r.clear AS clear, r.typical AS typical, r.few AS few
