// drop_fit_nodes: up to so many facts, personas, keys and segments of a Fit are gone.
// param   dataset  str   the dataset
// param   fit      str   the Fit
// param   most     int   how many at once
// returns n int
// cost    write; one index range, so many nodes with their relationships
CALL {
  MATCH (f:Fact {dataset: $dataset, fit: $fit}) WHERE f.id > '' RETURN f AS node LIMIT $most
  UNION
  MATCH (p:Persona {dataset: $dataset, fit: $fit}) WHERE p.id > '' RETURN p AS node LIMIT $most
  UNION
  MATCH (k:CacheKey {dataset: $dataset, fit: $fit}) WHERE k.id > '' RETURN k AS node LIMIT $most
  UNION
  MATCH (s:Segment {dataset: $dataset, fit: $fit}) WHERE s.id > '' RETURN s AS node LIMIT $most
}
WITH node LIMIT $most
DETACH DELETE node
RETURN count(*) AS n
