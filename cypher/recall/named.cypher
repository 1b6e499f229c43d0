// named: the people whom questions of a Fit name, with their traits.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// param   as_of    str  people refined later are left out, and what was retired by then
// returns question str, user str, traits list[float]
// cost    read; the people named, and their personas
MATCH (:Fit {dataset: $dataset, id: $fit})-[n:NAMED]->(u:User)
WHERE u.sharing_rank > 0  // 0 = none
MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit})
WHERE p.at <= $as_of AND p.retired_at > $as_of
RETURN n.question AS question, u.id AS user, p.traits AS traits ORDER BY question, user
