// retire_kept_fits: Fits kept for reads of earlier dates are read no more; the next refinement makes them again.
// param   dataset  str  whose Fits
// returns fits int, by_model int
// cost    write; the dataset's Fits; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
OPTIONAL MATCH (f:Fit {dataset: $dataset})
WHERE f.id > '' AND f.kept AND f.status <> 'obsolete'
WITH d, collect(f) AS kept
FOREACH (f IN kept | SET f.status = 'obsolete')
WITH d, kept, [f IN kept WHERE coalesce(f.engine, 'statistical') = 'statistical' | f.through] AS dates
SET d.renew = coalesce(d.renew, []) + [at IN dates WHERE NOT at IN coalesce(d.renew, [])]
RETURN size(kept) AS fits, size(kept) - size(dates) AS by_model
