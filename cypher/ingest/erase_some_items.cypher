// erase_some_items: these history items are gone, with the facts that rest on them and what their users held for these.
// param   dataset  str        whose items
// param   ids      list[str]  ids of items
// returns items int, facts int, holds int, statements list[str]
// cost    write; one index look-up an item, and the facts that rest on it
UNWIND $ids AS id
MATCH (u:User)-[:HAS_HISTORY]->(h:HistoryItem {dataset: $dataset, id: id})-[:SAYS]->(s:Statement)
SET u.version = u.version + 1
WITH collect(DISTINCT h) AS items, collect(DISTINCT s.id) AS said
CALL (items) {
  UNWIND items AS h
  OPTIONAL MATCH (h)<-[:DERIVED_FROM*1..2]-(f:Fact)
  WITH DISTINCT f WHERE f IS NOT NULL
  OPTIONAL MATCH (f)-[:SAYS]->(t:Statement)
  RETURN collect(DISTINCT f) AS facts, collect(DISTINCT t.id) AS told
}
CALL (facts) {
  UNWIND facts AS f
  MATCH (f)<-[:HAS_FACT]-(u:User)
  MATCH (f)-[:EVIDENCE_FOR]->(k:CacheKey)<-[held:HOLDS|LEANS_TO]-(u)
  WITH collect(DISTINCT held) AS holds
  FOREACH (held IN holds | DELETE held)
  RETURN size(holds) AS holds
}
FOREACH (f IN facts | DETACH DELETE f)
FOREACH (h IN items | DETACH DELETE h)
RETURN size(items) AS items, size(facts) AS facts, holds, said + told AS statements
