// 0015_persona_user: the persona of a user in a Fit is found by the user's id.
// returns nothing
// cost    write; once a database
CREATE INDEX persona_user IF NOT EXISTS
FOR (n:Persona) ON (n.dataset, n.fit, n.user)
