// people_called: the people in whose name a word stands, with their traits; two of them at most, more are too many.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   words    list[str]  words of names, letters alone
// param   as_of    str        people refined later are left out, and what was retired by then
// returns word str, user str, name str, traits list[float]
// cost    read; one full-text search a word
UNWIND $words AS word
CALL (word) {
  WITH '+name:"' + word + '" +dataset:"' + replace($dataset, '"', ' ') + '"' AS query
  CALL db.index.fulltext.queryNodes('user_words', query, {limit: 20}) YIELD node AS u
  WHERE u.dataset = $dataset
  MATCH (u)-[:HAS_PERSONA]->(p:Persona {fit: $fit})
  WHERE u.sharing_rank > 0 AND p.at <= $as_of AND p.retired_at > $as_of  // 0 = none
  RETURN u, p ORDER BY u.id LIMIT 2
}
RETURN word, u.id AS user, u.name AS name, p.traits AS traits ORDER BY word, user
