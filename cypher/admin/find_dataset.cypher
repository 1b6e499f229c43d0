// find_dataset: the dataset of that name.
// param   dataset  str  its name
// returns dataset str, evaluation bool, current_fit str?, embedding_model str?, refit_needed bool
// cost    read; one index look-up
MATCH (d:Dataset {dataset: $dataset})
RETURN d.dataset AS dataset, d.evaluation AS evaluation, d.current_fit AS current_fit,
       d.embedding_model AS embedding_model, d.refit_needed AS refit_needed
