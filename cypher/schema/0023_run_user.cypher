// 0023_run_user: a user's runs are found by the user's id.
// returns nothing
// cost    write; once a database
CREATE INDEX run_user IF NOT EXISTS
FOR (n:Run) ON (n.dataset, n.user)
