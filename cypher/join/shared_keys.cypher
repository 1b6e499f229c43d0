// shared_keys: the keys that users and some others share or oppose each other on, and what each adds to the score.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, others list[str]}
// param   as_of    str        keys held later are left out, and those retired by then
// returns user str, collaborator str, key str, kind str, name str, own_weight float, their_weight float, contribution float
// cost    read; one index look-up a user, and the keys of the others
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
UNWIND row.others AS id
MATCH (v:User {dataset: $dataset, id: id})
CALL (u, v) {
  MATCH (v)-[g:HOLDS {fit: $fit}]->(k:CacheKey)<-[h:HOLDS {fit: $fit}]-(u)
  WHERE h.at <= $as_of AND h.retired_at > $as_of AND g.at <= $as_of AND g.retired_at > $as_of
  RETURN k, h.weight AS own, g.weight AS their, h.unit * g.unit AS part
  UNION ALL
  MATCH (v)-[g:HOLDS {fit: $fit}]->(:CacheKey)-[:OPPOSITE_OF]-(k:CacheKey)<-[h:HOLDS {fit: $fit}]-(u)
  WHERE h.at <= $as_of AND h.retired_at > $as_of AND g.at <= $as_of AND g.retired_at > $as_of
  RETURN k, h.weight AS own, g.weight AS their, -h.unit * g.unit AS part
}
RETURN u.id AS user, v.id AS collaborator, k.id AS key, k.kind AS kind, k.name AS name, own AS own_weight,
       their AS their_weight, part AS contribution ORDER BY user, collaborator, abs(part) DESC, key
