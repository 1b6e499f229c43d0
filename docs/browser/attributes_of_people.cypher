// By which attributes people are described, those that most have first, of a sample of them.
// attributes_of_people: by which attributes people are described, those that most have first, of a sample of them.
// param   dataset  str  the dataset
// param   sample   int  people looked at, by id; 1000 unless given
// param   limit    int  most attributes; 12 unless given
// returns attribute str, people int, values int
// cost    read; the attributes of the people looked at
MATCH (u:User {dataset: $dataset}) WHERE u.id > '' AND u.sharing_rank >= 1  // 1 = keys
WITH u ORDER BY u.dataset, u.id LIMIT $sample
UNWIND u.attributes AS one
WITH split(one, '=')[0] AS attribute, one
WITH attribute, count(*) AS people, count(DISTINCT one) AS values
RETURN attribute, people, values ORDER BY people DESC, values, attribute LIMIT $limit
