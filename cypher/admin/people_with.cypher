// people_with: the users who have an attribute, by id.
// param   dataset    str  whose users
// param   attribute  str  NAME=value
// returns id str
// cost    read; the dataset's users
MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND $attribute IN u.attributes
RETURN u.id AS id ORDER BY id
