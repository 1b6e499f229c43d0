// erase_runs: the record of a model's calls on a user is gone, and what was said of them and could not be stored or used.
// param   dataset  str  whose user
// param   user     str  id of the user
// param   quoted   str  the id as reasons quote it
// returns runs int, quarantined int
// cost    write; every run of one user and every bad row and answer on them, by index, and the bad rows that nobody is marked on; CartesianProduct of one row by them
OPTIONAL MATCH (r:Run {dataset: $dataset, user: $user})
WITH collect(r) AS runs
OPTIONAL MATCH (q:Quarantine {dataset: $dataset, user: $user})
WITH runs, collect(q) AS bad
OPTIONAL MATCH (q:Quarantine {dataset: $dataset})
WHERE q.id > '' AND q.user IS NULL AND q.reason CONTAINS $quoted
WITH runs, bad, collect(q) AS named
WITH runs, bad + named AS bad
FOREACH (r IN runs | DETACH DELETE r)
FOREACH (q IN bad | DETACH DELETE q)
RETURN size(runs) AS runs, size(bad) AS quarantined
