// need_refit: what was learned from everybody in the dataset is marked as out of date.
// param   dataset  str  whose Fit
// returns nothing
// cost    write; one index look-up
MATCH (d:Dataset {dataset: $dataset})
SET d.refit_needed = true
