// 0005_statement_id: a distinct text is stored once in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT statement_id IF NOT EXISTS
FOR (n:Statement) REQUIRE (n.dataset, n.id) IS UNIQUE
