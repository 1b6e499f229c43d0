// Which other values the holders of one value hold, those first that go with it more than by chance.
// goes_with: which other values the holders of one value hold, those first that go with it more than by chance.
// param   dataset  str  the dataset
// param   key      str  id of the cache key
// param   sample   int  most holders looked at, those who hold it most; 2000 unless given
// param   least    int  people among them who hold both, at least; 3 unless given
// param   limit    int  most values; 20 unless given
// returns key str, kind str, name str, both int, looked_at int, lift float
// cost    read; one index look-up, and the keys of the holders looked at
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit, id: $key})
CALL (d, k) {
  MATCH (k)<-[h:HOLDS {retired_at: '9999-12-31'}]-(u:User)
  WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  WITH u ORDER BY h.weight DESC, u.id LIMIT $sample
  RETURN collect(u) AS holders
}
UNWIND holders AS u
MATCH (u)-[g:HOLDS {retired_at: '9999-12-31'}]->(other:CacheKey)
WHERE g.fit = d.current_fit AND other <> k
WITH other, count(*) AS both, size(holders) AS looked_at
WITH other, both, looked_at, other.share * coalesce(other.n_stated, other.n_holders) / other.n_holders AS share
WHERE both >= $least AND share > 0
RETURN other.id AS key, other.kind AS kind, other.name AS name, both, looked_at,
       round(1.0 * both / looked_at / share, 6) AS lift
ORDER BY lift DESC, both DESC, key LIMIT $limit
