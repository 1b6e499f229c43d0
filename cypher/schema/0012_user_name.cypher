// 0012_user_name: users are found by name.
// returns nothing
// cost    write; once a database
CREATE INDEX user_name IF NOT EXISTS
FOR (n:User) ON (n.dataset, n.name)
