// The groups of people who answer alike, the largest first, and last those in between.
// segments: the groups of people who answer alike, the largest first, and last those in between.
// param   dataset  str   the dataset
// param   of_fit   str?  the Fit; the current one unless given
// returns segment str, name str, people int, share float, stands_for list[str], such_as list[str]
// cost    read; the segments of a Fit, and by index their most typical people; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
// `typical_from` is what the twentieth most typical has. `people` are those of whom the Fit was learned; `share` of them counts by survey weights.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit)}) WHERE s.id > ''
CALL (s) {
  OPTIONAL MATCH (s)-[r:STANDS_FOR]->(:Question)
  WITH r ORDER BY r.place LIMIT 5
  RETURN collect(r.says) AS stands_for
}
CALL (d, s) {
  OPTIONAL MATCH (s)<-[r:IN_SEGMENT]-(u:User)
  USING INDEX r:IN_SEGMENT(fit, typical)
  WHERE r.fit = s.fit AND r.typical >= CASE s.id WHEN 'between' THEN 2.0 ELSE coalesce(s.typical_from, 0.0) END
    AND r.retired_at = '9999-12-31' AND u.sharing_rank >= 1  // 1 = keys
    AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: s.fit}]-() }
  WITH u ORDER BY r.typical DESC, r.clear DESC, u.id LIMIT 3
  RETURN collect(CASE WHEN u.name IS NULL OR u.name = '' THEN u.id ELSE u.name END) AS such_as
}
RETURN s.id AS segment, s.name AS name, s.people AS people, s.share AS share, stands_for, such_as ORDER BY s.place
