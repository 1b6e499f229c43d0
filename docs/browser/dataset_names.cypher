// The datasets there are but those of evaluations, with what was learned of them last.
// dataset_names: the datasets there are but those of evaluations, with what was learned of them last.
// param   dataset  str?  only this one; all unless given
// returns dataset str, created_at str, current_fit str?, through str?, fitted_at str?
// cost    read; the datasets by index, and one Fit of each
MATCH (d:Dataset)
WHERE d.dataset > '' AND NOT d.evaluation AND ($dataset IS NULL OR d.dataset = $dataset)
OPTIONAL MATCH (f:Fit {dataset: d.dataset, id: d.current_fit})
RETURN d.dataset AS dataset, d.created_at AS created_at, d.current_fit AS current_fit, f.through AS through,
       f.created_at AS fitted_at
ORDER BY dataset
