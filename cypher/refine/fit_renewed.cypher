// fit_renewed: the kept Fit of that date is made again, and need not be.
// param   dataset  str  whose Fit
// param   through  str  its date
// returns nothing
// cost    write; one index look-up
MATCH (d:Dataset {dataset: $dataset})
SET d.renew = [one IN coalesce(d.renew, []) WHERE one <> $through]
