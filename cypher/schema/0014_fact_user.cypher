// 0014_fact_user: facts of a Fit are found by user and layer.
// returns nothing
// cost    write; once a database
CREATE INDEX fact_user IF NOT EXISTS
FOR (n:Fact) ON (n.dataset, n.fit, n.user, n.layer)
