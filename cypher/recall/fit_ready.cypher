// fit_ready: whether a Fit is there whole: it was finished, and no newer one has replaced it.
// param   dataset  str   the dataset
// param   fit      str   the Fit
// returns ready bool
// cost    read; one index look-up
OPTIONAL MATCH (f:Fit {dataset: $dataset, id: $fit})
RETURN coalesce(f.status = 'ready', false) AS ready
