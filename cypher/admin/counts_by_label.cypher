// counts_by_label: how many nodes of each label a dataset has; labels it has none of are left out.
// param   dataset  str  which dataset
// returns label str, nodes int
// cost    read; every node of the dataset, by index
CALL () {
  MATCH (n:User {dataset: $dataset}) WHERE n.id > '' RETURN 'User' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:HistoryItem {dataset: $dataset}) WHERE n.id > '' RETURN 'HistoryItem' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Statement {dataset: $dataset}) WHERE n.id > '' RETURN 'Statement' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Question {dataset: $dataset}) WHERE n.id > '' RETURN 'Question' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Quarantine {dataset: $dataset}) WHERE n.id > '' RETURN 'Quarantine' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Fit {dataset: $dataset}) WHERE n.id > '' RETURN 'Fit' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Persona {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN 'Persona' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Fact {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN 'Fact' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:CacheKey {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN 'CacheKey' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Segment {dataset: $dataset}) WHERE n.fit > '' AND n.id > '' RETURN 'Segment' AS label, count(n) AS nodes
  UNION ALL
  MATCH (n:Run {dataset: $dataset}) WHERE n.id > '' RETURN 'Run' AS label, count(n) AS nodes
}
WITH label, nodes WHERE nodes > 0
RETURN label, nodes ORDER BY label
