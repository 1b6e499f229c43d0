// People whom the current Fit does not learn or lend from, and why; those who share nothing are not shown.
// left_out: people whom the current Fit does not learn or lend from, and why; those who share nothing are not shown.
// param   dataset  str  the dataset
// param   limit    int  most people; 20 unless given
// returns user str, name str, reason str, score float, at str
// cost    read; the relationships of one Fit; CartesianProduct of one dataset and one Fit
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: d.current_fit})-[x:DISTRUSTS]->(u:User)
WHERE u.sharing_rank >= 1  // 1 = keys
RETURN u.id AS user, u.name AS name, x.reason AS reason, x.score AS score, x.at AS at
ORDER BY reason, score DESC, user LIMIT $limit
