// stored_on: all that a dataset stores on one user: properties of nodes, without vectors.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns what str, stored list[map]
// cost    read; every node of one user, and their runs and bad rows by index
CALL () {
  MATCH (u:User {dataset: $dataset, id: $user}) RETURN 'user' AS what, collect(u{.*}) AS stored
  UNION ALL
  MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
  RETURN 'history' AS what, collect(h{.*, text: s.text}) AS stored
  UNION ALL
  MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_FACT]->(f:Fact)
  OPTIONAL MATCH (f)-[:SAYS]->(s:Statement)
  RETURN 'facts' AS what, collect(f{.*, text: s.text}) AS stored
  UNION ALL
  MATCH (u:User {dataset: $dataset, id: $user})-[:HAS_PERSONA]->(p:Persona)
  RETURN 'personas' AS what, collect(p{.*}) AS stored
  UNION ALL
  MATCH (u:User {dataset: $dataset, id: $user})-[e:HOLDS|LEANS_TO]->(k:CacheKey)
  RETURN 'keys' AS what,
         collect(e{.*, id: k.id, fit: k.fit, kind: k.kind, name: k.name, inferred: type(e) = 'LEANS_TO'}) AS stored
  UNION ALL
  MATCH (r:Run {dataset: $dataset, user: $user}) RETURN 'runs' AS what, collect(r{.*}) AS stored
  UNION ALL
  MATCH (q:Quarantine {dataset: $dataset, user: $user}) RETURN 'quarantine' AS what, collect(q{.*}) AS stored
}
RETURN what, stored
