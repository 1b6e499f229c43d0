// join: who shares cache keys with each of some users: candidates by full text, then the score by traversal.
// param   dataset     str        the dataset
// param   fit         str        the Fit
// param   users       list[str]  for whom
// param   as_of       str        keys held later are left out, and those retired by then
// param   min_rank    int        users who share less than this are left out
// param   candidates  int        how many the full-text index proposes
// param   top_k       int        most collaborators a user
// returns user str, collaborator str, name str, score float
// cost    read; one full-text search a user, then the keys of so many candidates
UNWIND $users AS id
MATCH (u:User {dataset: $dataset, id: id})
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit}]->(k)
  WHERE h.at <= $as_of AND h.retired_at > $as_of
  OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o)
  WITH k, h.unit AS unit, collect(o) AS opposites ORDER BY unit DESC
  RETURN reduce(all = collect(k), some IN collect(opposites) | all + some) AS counting,
         collect([k.token, unit])[..12] AS held
}
CALL (u, counting, held) {
  // A profile has one word a key, its token and a band, as `store_personas` and `settle_holds` write it: the band is
  // round(9 * sqrt(unit)), so that unit * band^2 is 81 times what the key adds to the score. Band 0 adds nothing.
  // Only the 12 keys of the user that weigh most propose candidates; all keys count in the score below. Ranges of one
  // word, because the words' rarity is in the units already and a plain word would count it again.
  WITH u, counting, reduce(words = '', key IN held | words + reduce(some = '', band IN range(1, 9) |
         some + ' [' + key[0] + band + ' TO ' + key[0] + band + ']^' + toInteger(ceil(100 * key[1] * band * band)))
       ) AS words, '"' + replace(replace($as_of, '\\', ''), '"', '') + '"' AS date
  WITH u, counting, '+profile:(' + words + ') -at:{' + date + ' TO *} -retired_at:[* TO ' + date + ']' +
       reduce(less = '', sharing IN ['none', 'keys', 'induced', 'distilled', 'history'][..$min_rank] |
         less + ' -sharing:' + sharing) AS query
  WHERE words <> ''
  CALL db.index.fulltext.queryNodes('persona_profile', query, {limit: $candidates + 1}) YIELD node AS c
  WITH u, counting, c
  WHERE c.at <= $as_of AND c.retired_at > $as_of
  MATCH (c)<-[:HAS_PERSONA]-(v)
  // Those whom the Fit distrusts have no profile, so that they are not among these.
  WHERE v <> u AND v.sharing_rank >= $min_rank
  // Most keys of a candidate count for nothing: they go before a property of theirs is read. (A key is of one Fit.)
  // Then by key, so that what the user's own keys are worth is read once and not for every candidate.
  MATCH (v)-[g:HOLDS|LEANS_TO]->(k)
  WHERE k IN counting
  WITH u, v, g, k
  WHERE g.at <= $as_of AND g.retired_at > $as_of
  WITH u, k, collect([v, g.unit]) AS holders
  MATCH (k)-[opposed:OPPOSITE_OF*0..1]-(own)
  WITH u, holders, own, 1 - 2 * size(opposed) AS sign
  MATCH (own)<-[h:HOLDS|LEANS_TO]-(u)
  WHERE h.fit = $fit AND h.at <= $as_of AND h.retired_at > $as_of
  UNWIND holders AS holder
  WITH holder[0] AS v, round(sum(sign * h.unit * holder[1]), 9) AS score
  WHERE score > 0
  RETURN v, score ORDER BY score DESC, v.id LIMIT $top_k
}
RETURN u.id AS user, v.id AS collaborator, v.name AS name, score ORDER BY user, score DESC, collaborator
