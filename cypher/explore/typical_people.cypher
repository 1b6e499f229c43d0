// typical_people: who is most typical of a segment: they give most of the answers that it stands for.
// param   dataset  str   the dataset
// param   segment  str   id of the segment
// param   of_fit   str?  the Fit; the current one unless given
// param   as_of    str   people as they were then; 9999-12-30 unless given
// param   skip     int   people passed over; 0 unless given
// param   limit    int   most people; 20 unless given
// returns user str, name str, typical float, clear float
// cost    read; the most typical people of all segments by index, until the page is full; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// `clear` is 1 at the centre of the segment or beyond, and 0 on the border to the next.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit), id: $segment})
CALL (s) {
  MATCH (s)<-[r:IN_SEGMENT]-(u:User)
  USING INDEX r:IN_SEGMENT(fit, typical)
  WHERE r.fit = s.fit AND r.typical >= 0.0 AND r.at <= $as_of AND r.retired_at > $as_of
    AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: s.fit}]-() }  // 1 = keys
  WITH u, r ORDER BY r.fit DESC, r.typical DESC, r.clear DESC, u.id SKIP $skip LIMIT $limit
  RETURN u, r
}
RETURN u.id AS user, u.name AS name, r.typical AS typical, r.clear AS clear
ORDER BY typical DESC, clear DESC, user
