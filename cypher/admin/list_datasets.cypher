// list_datasets: the datasets there are, with how many users and history items each holds.
// param   dataset  str?  only this one; null for all
// returns dataset str, evaluation bool, current_fit str?, embedding_model str?, refit_needed bool, created_at str, users int, items int
// cost    read; every user of the datasets, by index, and none of their items
MATCH (d:Dataset)
WHERE d.dataset > '' AND ($dataset IS NULL OR d.dataset = $dataset)
OPTIONAL MATCH (u:User {dataset: d.dataset}) WHERE u.id > ''
WITH d, count(u) AS users, sum(COUNT { (u)-[:HAS_HISTORY]->() }) AS items
RETURN d.dataset AS dataset, d.evaluation AS evaluation, d.current_fit AS current_fit,
       d.embedding_model AS embedding_model, d.refit_needed AS refit_needed, d.created_at AS created_at, users, items
ORDER BY dataset
