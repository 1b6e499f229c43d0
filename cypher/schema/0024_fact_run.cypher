// 0024_fact_run: the facts that a run made are found by its id.
// returns nothing
// cost    write; once a database
CREATE INDEX fact_run IF NOT EXISTS
FOR (n:Fact) ON (n.dataset, n.run)
