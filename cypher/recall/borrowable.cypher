// borrowable: what others may borrow from some users at a time, as far as each user's sharing allows.
// param   dataset    str         the dataset
// param   fit        str         the Fit
// param   users      list[str]   whose; those who share less than `induced` or are distrusted are left out
// param   as_of      str         later items and facts are left out, and what was retired by then
// param   questions  list[str]?  about these, and free text; all unless given
// returns user str, name str, items list[list[any]], facts list[list[any]]
// row     items [id, question, option, at, statement]
// row     facts [id, layer, key, question, option, at, statement]
// cost    read; one index look-up a user, and their items and facts
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
WHERE u.sharing_rank >= 2 AND NOT EXISTS { (u)<-[d:DISTRUSTS {fit: $fit}]-() WHERE d.at <= $as_of }  // 2 = induced
CALL (u) {
  WITH u WHERE u.sharing_rank >= 4  // 4 = history
  MATCH (u)-[:HAS_HISTORY]->(h:HistoryItem)-[:SAYS]->(s:Statement)
  WHERE h.at <= $as_of AND ($questions IS NULL OR h.option IS NULL OR h.question IN $questions)
  RETURN collect([h.id, h.question, h.option, h.at, s.id]) AS items
}
CALL (u) {
  MATCH (u)-[:HAS_FACT]->(f:Fact {fit: $fit})-[:SAYS]->(s:Statement)
  WHERE f.at <= $as_of AND f.retired_at > $as_of AND (f.layer = 'induced' OR u.sharing_rank >= 3)  // 3 = distilled
    AND ($questions IS NULL OR f.question IS NULL OR f.question IN $questions)
  RETURN collect([f.id, f.layer, f.key, f.question, f.option, f.at, s.id]) AS facts
}
RETURN u.id AS user, u.name AS name, items, facts
