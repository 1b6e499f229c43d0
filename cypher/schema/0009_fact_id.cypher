// 0009_fact_id: a fact's id is unique in its Fit.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT fact_id IF NOT EXISTS
FOR (n:Fact) REQUIRE (n.dataset, n.fit, n.id) IS UNIQUE
