// 0022_run_id: a run of a model's calls is on record once in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT run_id IF NOT EXISTS
FOR (n:Run) REQUIRE (n.dataset, n.id) IS UNIQUE
