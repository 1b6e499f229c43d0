// retire_kept_fits: Fits kept for reads of earlier dates are read no more; the next refinement removes them.
// param   dataset  str  whose Fits
// returns fits int
// cost    write; the dataset's Fits
MATCH (f:Fit {dataset: $dataset})
WHERE f.id > '' AND f.kept AND f.status <> 'obsolete'
SET f.status = 'obsolete'
RETURN count(*) AS fits
