// count_left_out: how many users the current Fit does not learn or lend from, by reason.
// param   dataset  str  the dataset
// returns reason str, users int
// cost    read; the relationships of one Fit; CartesianProduct of one dataset and one Fit
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: d.current_fit})-[x:DISTRUSTS]->(u:User)
RETURN x.reason AS reason, count(u) AS users ORDER BY reason
