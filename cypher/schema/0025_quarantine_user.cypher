// 0025_quarantine_user: what a model said of a user and could not be used is found by the user's id.
// returns nothing
// cost    write; once a database
CREATE INDEX quarantine_user IF NOT EXISTS
FOR (n:Quarantine) ON (n.dataset, n.user)
