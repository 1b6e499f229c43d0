// 0011_persona_id: a persona's id is unique in its Fit.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT persona_id IF NOT EXISTS
FOR (n:Persona) REQUIRE (n.dataset, n.fit, n.id) IS UNIQUE
