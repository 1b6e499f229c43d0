// user_versions: every user with the version of what is known of them, and the version refined in a Fit.
// param   dataset  str   the dataset
// param   fit      str   the Fit; no Fit of that id gives null versions
// returns user str, version int, refined int?, incomplete bool, sharing_rank int
// cost    read; every user of the dataset once, one expansion each
MATCH (u:User {dataset: $dataset}) WHERE u.id > ''
OPTIONAL MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit, retired_at: '9999-12-31'})
RETURN u.id AS user, u.version AS version, max(p.version) AS refined,
       coalesce(min(p.complete) = false, false) AS incomplete, u.sharing_rank AS sharing_rank ORDER BY user
