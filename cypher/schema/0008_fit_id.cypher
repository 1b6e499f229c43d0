// 0008_fit_id: a Fit's id is unique in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT fit_id IF NOT EXISTS
FOR (n:Fit) REQUIRE (n.dataset, n.id) IS UNIQUE
