// erase_plan: what is to be looked for when a user is erased: texts that nobody else says, and their description.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns name str, attributes list[str], texts list[str], words list[str]
// cost    read; every item and fact of one user, and for each attribute the dataset's users
MATCH (u:User {dataset: $dataset, id: $user})
CALL (u) {
  OPTIONAL MATCH (u)-[:HAS_HISTORY|HAS_FACT]->(said)-[:SAYS]->(s:Statement)
  WHERE NOT EXISTS { MATCH (s)<-[:SAYS]-(other) WHERE other.user <> $user }
  RETURN collect(DISTINCT s.text) AS texts,
         collect(DISTINCT CASE WHEN said:HistoryItem AND said.question IS NULL THEN s.text END) AS words
}
CALL (u) {
  UNWIND u.attributes AS attribute
  WITH attribute
  WHERE NOT EXISTS { MATCH (v:User {dataset: $dataset}) WHERE v.id > '' AND v.id <> $user AND attribute IN v.attributes }
  RETURN collect(attribute) AS attributes
}
RETURN u.name AS name, attributes, texts, words
