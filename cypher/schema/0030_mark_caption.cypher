// 0030_mark_caption: users, questions and cache keys that were there have captions, which Neo4j Browser shows.
// returns nothing
// cost    write; once a database: every user, question and cache key once, by a NodeByLabelScan of each
CALL () {
  MATCH (u:User) WHERE u.caption IS NULL
  SET u.caption = CASE coalesce(u.name, '') WHEN '' THEN u.id ELSE u.name END
}
CALL () {
  MATCH (q:Question) WHERE q.caption IS NULL
  SET q.caption = coalesce(q.label, q.text)
}
CALL () {
  MATCH (k:CacheKey) WHERE k.caption IS NULL
  SET k.caption = k.name
}
