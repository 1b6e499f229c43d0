// finish_fit: a Fit is ready, and current when asked; returns the Fits that nothing needs any more.
// param   dataset   str   the dataset
// param   fit       str   the Fit
// param   current   bool  whether readers use it from now on
// param   settings  str   of the engine, as JSON, now that all is learned
// returns obsolete list[str]
// cost    write; the dataset's Fits; CartesianProduct of one dataset and one Fit
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: $fit})
SET f.status = 'ready', f.settings = $settings
FOREACH (ignored IN CASE WHEN $current THEN [1] ELSE [] END | SET d.current_fit = $fit, d.refit_needed = false)
WITH d
OPTIONAL MATCH (old:Fit {dataset: $dataset})
WHERE old.id > '' AND old.id <> d.current_fit AND old.id <> $fit AND NOT old.kept
RETURN collect(old.id) AS obsolete
