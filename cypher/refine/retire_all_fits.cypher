// retire_all_fits: no Fit of the dataset is read any more, and none is to be made again; the next refinement removes them.
// param   dataset  str  whose Fits
// returns fits int
// cost    write; the dataset's Fits; CartesianProduct of one dataset and them
MATCH (d:Dataset {dataset: $dataset})
SET d.current_fit = null, d.renew = null
WITH d
OPTIONAL MATCH (f:Fit {dataset: $dataset})
WHERE f.id > ''
WITH collect(f) AS fits
FOREACH (f IN fits | SET f.status = 'obsolete')
RETURN size(fits) AS fits
