// 0007_quarantine_id: a bad row is kept once in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT quarantine_id IF NOT EXISTS
FOR (n:Quarantine) REQUIRE (n.dataset, n.id) IS UNIQUE
