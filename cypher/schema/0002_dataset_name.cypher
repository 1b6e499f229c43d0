// 0002_dataset_name: a dataset has one node.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT dataset_name IF NOT EXISTS
FOR (n:Dataset) REQUIRE (n.dataset) IS UNIQUE
