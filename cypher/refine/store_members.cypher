// store_members: people are in segments from a date on; what they were in before is retired.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, segment str, x float, y float, clear float, typical float, few bool, at str}
// returns n int
// cost    write; two index look-ups a row, and the person's segments; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user}) WHERE u.sharing_rank >= 1  // 1 = keys
MATCH (s:Segment {dataset: $dataset, fit: $fit, id: row.segment})
CALL (u, row) {
  MATCH (u)-[old:IN_SEGMENT {fit: $fit, retired_at: '9999-12-31'}]->(:Segment)
  SET old.retired_at = row.at
}
CREATE (u)-[r:IN_SEGMENT {fit: $fit, at: row.at, retired_at: '9999-12-31'}]->(s)
SET r.x = row.x, r.y = row.y, r.clear = row.clear, r.typical = row.typical, r.few = row.few
RETURN count(*) AS n
