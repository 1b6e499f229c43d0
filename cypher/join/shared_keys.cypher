// shared_keys: the keys that users and some others share or oppose each other on, and what each adds to the score.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, others list[str]}
// param   as_of    str        keys held later are left out, and those retired by then
// returns user str, collaborator str, key str, kind str, name str, own_weight float, their_weight float, inferred bool, contribution float
// cost    read; one index look-up a user, and the keys of the others
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CALL (u) {
  MATCH (u)-[h:HOLDS|LEANS_TO {fit: $fit}]->(k)
  WHERE h.at <= $as_of AND h.retired_at > $as_of
  OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o)
  RETURN collect(k) + collect(o) AS counting
}
UNWIND row.others AS id
MATCH (v:User {dataset: $dataset, id: id})
MATCH (v)-[g:HOLDS|LEANS_TO]->(theirs)
WHERE theirs IN counting
WITH u, v, g, theirs
WHERE g.at <= $as_of AND g.retired_at > $as_of
MATCH (theirs)-[opposed:OPPOSITE_OF*0..1]-(k)
WITH u, v, g, k, 1 - 2 * size(opposed) AS sign
MATCH (k)<-[h:HOLDS|LEANS_TO]-(u)
WHERE h.fit = $fit AND h.at <= $as_of AND h.retired_at > $as_of
WITH u, v, k, 'LEANS_TO' IN [type(h), type(g)] AS inferred, h.weight AS own, g.weight AS their, sign * h.unit * g.unit AS part
RETURN u.id AS user, v.id AS collaborator, k.id AS key, k.kind AS kind, coalesce(k.caption, k.name) AS name, own AS own_weight,
       their AS their_weight, inferred, part AS contribution ORDER BY user, collaborator, abs(part) DESC, key
