// names_of_people: the names of those who share anything, where they have one.
// param   dataset  str  the dataset
// returns user str, name str
// cost    read; every user
MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND u.name <> '' AND u.sharing_rank > 0  // 0 = none
RETURN u.id AS user, u.name AS name ORDER BY user
