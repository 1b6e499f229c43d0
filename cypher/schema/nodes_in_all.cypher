// nodes_in_all: how many nodes there are in all datasets together, a number for each label that counts_by_label counts.
// returns nodes list[int]
// cost    read; nothing but the server's own counts
CALL () {
  MATCH (n:User) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:HistoryItem) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Statement) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Question) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Quarantine) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Fit) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Persona) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Fact) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:CacheKey) RETURN count(n) AS nodes
  UNION ALL
  MATCH (n:Run) RETURN count(n) AS nodes
}
RETURN collect(nodes) AS nodes
