// 0003_user_id: a user's id is unique in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT user_id IF NOT EXISTS
FOR (n:User) REQUIRE (n.dataset, n.id) IS UNIQUE
