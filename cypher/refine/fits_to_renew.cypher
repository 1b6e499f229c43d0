// fits_to_renew: the dates of kept Fits that counted somebody who is gone, and are to be made again.
// param   dataset  str  whose Fits
// returns through str
// cost    read; one index look-up
MATCH (d:Dataset {dataset: $dataset})
UNWIND coalesce(d.renew, []) AS through
RETURN through ORDER BY through
