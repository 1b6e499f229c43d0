// drop_dataset_nodes: some nodes of a dataset are gone, those that others hang on last, texts and the dataset excepted.
// param   dataset  str  which dataset
// param   limit    int  most nodes removed
// returns deleted int
// cost    write; the nodes removed, by index, and their relationships
CALL () {
  MATCH (n:HistoryItem {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Fact {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Persona {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:User {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:CacheKey {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Segment {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Fit {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Quarantine {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Run {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
}
WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*) AS deleted
