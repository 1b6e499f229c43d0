// fitted_keys: the cache keys of a Fit that enough people hold, in order of id.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// param   least    int  keys of fewer holders are left out; 0 for all
// returns id str, kind str, name str, n_holders int, idf float, share float, loadings list[float], opposite str?
// cost    read; one index range
MATCH (k:CacheKey {dataset: $dataset, fit: $fit})
WHERE k.id > '' AND k.n_holders >= $least
OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o:CacheKey)
RETURN k.id AS id, k.kind AS kind, k.name AS name, k.n_holders AS n_holders, k.idf AS idf, k.share AS share,
       k.loadings AS loadings, min(o.id) AS opposite ORDER BY id
