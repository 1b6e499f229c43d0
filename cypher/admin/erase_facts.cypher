// erase_facts: a user's facts and personas, of every Fit, are gone.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns facts int, personas int, statements list[str]
// cost    write; every fact and persona of one user
MATCH (u:User {dataset: $dataset, id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_FACT]->(f:Fact)
  OPTIONAL MATCH (f)-[:SAYS]->(s:Statement)
  RETURN collect(DISTINCT f) AS facts, collect(DISTINCT s.id) AS statements
}
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_PERSONA]->(p:Persona)
  RETURN collect(p) AS personas
}
FOREACH (f IN facts | DETACH DELETE f)
FOREACH (p IN personas | DETACH DELETE p)
RETURN size(facts) AS facts, size(personas) AS personas, statements
