// segment_centres: the segments of a Fit, with their centres and what they stand for.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// returns id str, centre list[float], told list[map]
// cost    read; the segments of the Fit by index
MATCH (s:Segment {dataset: $dataset, fit: $fit}) WHERE s.id > ''
CALL (s) {
  OPTIONAL MATCH (s)-[r:STANDS_FOR]->(q:Question)
  WITH r, q ORDER BY r.place
  RETURN collect(CASE WHEN q IS NOT NULL THEN {question: q.id, options: r.options} END) AS told
}
RETURN s.id AS id, s.centre AS centre, told ORDER BY s.place
