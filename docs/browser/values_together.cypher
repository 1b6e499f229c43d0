// Pairs of values that the same people hold, those first that go together more than by chance.
// values_together: pairs of values that the same people hold, those first that go together more than by chance.
// param   dataset  str  the dataset
// param   among    int  the most widely held values, whose pairs are looked at; 300 unless given
// param   least    int  people who hold both, at least; 5 unless given
// param   limit    int  most pairs; 20 unless given
// returns first str, first_name str, second str, second_name str, both int, lift float
// cost    read; every holder of the values looked at, and every pair of these that somebody holds: seconds where people are many; CartesianProduct of one dataset and its keys
MATCH (d:Dataset {dataset: $dataset})
CALL (d) {
  MATCH (u:User {dataset: $dataset})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN count(u) AS people
}
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit}) WHERE k.id > ''
WITH d, people, k ORDER BY coalesce(k.n_stated, k.n_holders) DESC, k.id LIMIT $among
MATCH (k)<-[:HOLDS {retired_at: '9999-12-31'}]-(u:User)
WHERE u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
WITH people, u, k ORDER BY k.id
WITH people, u, collect(k) AS held
UNWIND range(0, size(held) - 2) AS place
UNWIND held[place + 1..] AS second
WITH people, held[place] AS first, second, count(*) AS both
WHERE both >= $least
WITH first, second, both, 1.0 * both * people / coalesce(first.n_stated, first.n_holders) AS expected
WITH first, second, both, round(expected / coalesce(second.n_stated, second.n_holders), 6) AS lift
RETURN first.id AS first, first.name AS first_name, second.id AS second, second.name AS second_name, both, lift
ORDER BY lift DESC, both DESC, first, second LIMIT $limit
