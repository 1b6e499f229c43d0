// who_is_alone: people who have fewest values in common with anybody: how many a random other person shares with them.
// param   dataset  str  the dataset
// param   limit    int  most people; 20 unless given
// returns user str, name str, values int, company float, rarest str?
// cost    read; the keys of every user of the dataset; seconds where people are many; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
CALL (d) {
  MATCH (u:User {dataset: $dataset})
  WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
  RETURN count(u) - 1 AS others
}
MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND u.sharing_rank >= 1 AND NOT EXISTS { (u)<-[:DISTRUSTS {fit: d.current_fit}]-() }  // 1 = keys
CALL (d, u) {
  OPTIONAL MATCH (u)-[h:HOLDS {fit: d.current_fit, retired_at: '9999-12-31'}]->(k:CacheKey)
  WITH k ORDER BY coalesce(k.n_stated, k.n_holders), k.id
  RETURN count(k) AS values, sum(coalesce(k.n_stated - 1.0, 0.0)) AS shared, head(collect(coalesce(k.caption, k.name))) AS rarest
}
RETURN u.id AS user, u.name AS name, values,
       round(shared / CASE others WHEN 0 THEN 1 ELSE others END, 6) AS company, rarest
ORDER BY company, user LIMIT $limit
