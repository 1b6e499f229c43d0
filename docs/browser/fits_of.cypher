// What was learned when: the Fits of a dataset, newest first.
// fits_of: what was learned when: the Fits of a dataset, newest first.
// param   dataset  str  the dataset
// returns fit str, through str, status str, current bool, kept bool, seed int?, created_at str
// cost    read; the Fits of the dataset by index; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset}) WHERE f.id > ''
RETURN f.id AS fit, f.through AS through, f.status AS status, coalesce(f.id = d.current_fit, false) AS current,
       coalesce(f.kept, false) AS kept, f.seed AS seed, f.created_at AS created_at
ORDER BY created_at DESC, fit
