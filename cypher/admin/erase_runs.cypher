// erase_runs: the record of a model's calls on a user is gone, and what it said of them that could not be used.
// param   dataset  str  whose user
// param   user     str  id of the user
// returns runs int, quarantined int
// cost    write; every run of one user and every bad answer on them, by index; CartesianProduct of one row by them
OPTIONAL MATCH (r:Run {dataset: $dataset, user: $user})
WITH collect(r) AS runs
OPTIONAL MATCH (q:Quarantine {dataset: $dataset, user: $user})
WITH runs, collect(q) AS bad
FOREACH (r IN runs | DETACH DELETE r)
FOREACH (q IN bad | DETACH DELETE q)
RETURN size(runs) AS runs, size(bad) AS quarantined
