// obsolete_fits: the Fits that a newer one has replaced and that are still to be removed.
// param   dataset  str   the dataset
// returns fit str
// cost    read; the dataset's Fits
MATCH (f:Fit {dataset: $dataset})
WHERE f.id > '' AND f.status = 'obsolete'
RETURN f.id AS fit ORDER BY fit
