// The values of the attributes that people are described by, those that most have first.
// facets_of_people: the values of the attributes that people are described by, those that most have first.
// param   dataset  str  the dataset
// param   sample   int  people looked at, by id; 2000 unless given
// param   limit    int  most values of an attribute; 30 unless given
// returns attribute str, options list[str], people int
// cost    read; the attributes of the people looked at
MATCH (u:User {dataset: $dataset}) WHERE u.id > '' AND u.sharing_rank >= 1  // 1 = keys
WITH u ORDER BY u.dataset, u.id LIMIT $sample
UNWIND u.attributes AS one
WITH split(one, '=')[0] AS attribute, one, count(*) AS n ORDER BY n DESC, one
WITH attribute, collect(one)[..$limit] AS options, sum(n) AS people
RETURN attribute, options, people ORDER BY people DESC, attribute
