// weights_of_people: the survey weights of some people, 1 where one has none.
// param   dataset  str        the dataset
// param   users    list[str]  whose
// returns user str, weight float
// cost    read; one index look-up a user
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
RETURN id AS user, coalesce(u.weight, 1.0) AS weight
