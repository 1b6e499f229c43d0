// fit_for: the Fit a read uses: the dataset's current one, or the newest that is made of items up to a date.
// param   dataset  str   the dataset
// param   as_of    str?  a date; null for the current Fit
// returns fit str, through str, settings str, engine str, model str?, waiting int, refit_needed bool
// cost    read; the dataset's Fits; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, status: 'ready'})
WHERE f.id > '' AND CASE WHEN $as_of IS NULL THEN f.id = d.current_fit ELSE f.through <= $as_of END
RETURN f.id AS fit, f.through AS through, f.settings AS settings,
       coalesce(f.engine, 'statistical') AS engine, f.model AS model, coalesce(f.waiting, 0) AS waiting,
       coalesce(d.refit_needed, false) AS refit_needed
ORDER BY f.through DESC, f.created_at DESC, f.id LIMIT 1
