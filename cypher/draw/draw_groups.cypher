// draw_groups: the groups of people who answer alike, what each stands for and who is typical, as paths to be drawn.
// param   dataset  str  the dataset
// returns path any
// cost    read; the segments of a Fit and their people; CartesianProduct of one dataset and its segments
MATCH (d:Dataset {dataset: $dataset})
MATCH (s:Segment {dataset: $dataset, fit: d.current_fit}) WHERE s.id > '' AND s.id <> 'between'
CALL (d, s) {
  MATCH path = (s)-[r:STANDS_FOR]->(:Question)
  RETURN path ORDER BY r.place LIMIT 5
  UNION
  MATCH path = (s)<-[r:IN_SEGMENT {retired_at: '9999-12-31'}]-(u:User)
  WHERE r.typical >= coalesce(s.typical_from, 0.0) AND u.sharing_rank >= 1  // 1 = keys
    AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }
  RETURN path ORDER BY r.typical DESC, u.id LIMIT 5
}
RETURN path
