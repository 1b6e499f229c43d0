// Whose a fact is, what it rests on and what it is evidence for, as paths that Neo4j Browser draws.
// draw_fact: whose a fact is, what it rests on and what it is evidence for, as paths that Neo4j Browser draws.
// param   dataset  str  the dataset
// param   fact     str  id of the fact
// returns path any
// cost    read; one fact with what is below it; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fact {dataset: $dataset, fit: d.current_fit, id: $fact})
CALL (f) {
  MATCH path = (u:User)-[:HAS_FACT]->(f) WHERE u.sharing_rank >= 4  // 4 = history
  RETURN path
  UNION
  MATCH path = (f)-[:EVIDENCE_FOR]->(:CacheKey)
  RETURN path
  UNION
  MATCH path = (f)-[:DERIVED_FROM*1..2]->(:HistoryItem)-[:SAYS]->(:Statement)
  WHERE EXISTS { (f)<-[:HAS_FACT]-(u:User) WHERE u.sharing_rank >= 4 }  // 4 = history
  RETURN path
}
RETURN path
