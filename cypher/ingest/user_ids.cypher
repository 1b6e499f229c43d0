// user_ids: the ids of all users.
// param   dataset  str  whose users
// returns ids list[str]
// cost    read; every user of the dataset, by index
MATCH (u:User {dataset: $dataset}) WHERE u.id > ''
RETURN collect(u.id) AS ids
