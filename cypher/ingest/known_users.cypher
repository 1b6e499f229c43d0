// known_users: those of the given users who are stored, as they are stored.
// param   dataset  str        where they are looked for
// param   ids      list[str]  ids of users
// returns id str, name str, attributes list[str], sharing str, named bool, weight float?, items bool
// cost    read; one index look-up an id
UNWIND $ids AS id
MATCH (u:User {dataset: $dataset, id: id})
RETURN u.id AS id, u.name AS name, u.attributes AS attributes, u.sharing AS sharing,
       coalesce(u.named_answers, false) AS named, u.weight AS weight,
       EXISTS { (u)-[:HAS_HISTORY]->() } AS items
