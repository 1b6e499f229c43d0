// who_answered: which of some users answered one of some questions by a date.
// param   dataset    str        the dataset
// param   users      list[str]  which users
// param   questions  list[str]  which questions
// param   as_of      str        later answers are left out
// returns user str
// cost    read; one index look-up a user, and their items
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
WHERE EXISTS { MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem) WHERE h.question IN $questions AND h.at <= $as_of }
RETURN u.id AS user
