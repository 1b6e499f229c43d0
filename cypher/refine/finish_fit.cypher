// finish_fit: a Fit is ready, and current when asked; those it replaces are obsolete. No row when it was replaced itself.
// param   dataset   str   the dataset
// param   fit       str   the Fit
// param   current   bool  whether readers use it from now on; if not, it replaces others of its date
// param   settings  str   of the engine, as JSON, now that all is learned
// param   waiting   int   users who are still to be refined; above 0 the next refinement settles the Fit again
// returns status str
// cost    write; the dataset's Fits; CartesianProduct of one dataset and one Fit
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fit {dataset: $dataset, id: $fit})
WHERE f.status <> 'obsolete'
SET f.status = 'ready', f.settings = $settings, f.waiting = $waiting
FOREACH (ignored IN CASE WHEN $current THEN [1] ELSE [] END | SET d.current_fit = $fit, d.refit_needed = false)
WITH d, f
CALL (d, f) {
  MATCH (old:Fit {dataset: $dataset})
  WHERE old.id > '' AND old <> f AND old.id <> coalesce(d.current_fit, '')
    AND CASE WHEN $current THEN NOT old.kept ELSE old.kept AND old.through = f.through END
  SET old.status = 'obsolete'
}
RETURN f.status AS status
