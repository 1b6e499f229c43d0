// find_user: the user of that id.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns id str, name str, attributes list[str], sharing str, version int
// cost    read; one index look-up
MATCH (u:User {dataset: $dataset, id: $user})
RETURN u.id AS id, u.name AS name, u.attributes AS attributes, u.sharing AS sharing, u.version AS version
