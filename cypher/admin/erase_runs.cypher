// erase_runs: the record of a model's calls on a user is gone, and what was said of them and could not be stored or used.
// param   dataset  str        whose user
// param   user     str        id of the user
// param   words    list[str]  their id as reasons quote it, and their words; what has one is gone too
// returns runs int, quarantined int
// cost    write; every run of one user by index, and every bad row and answer of the dataset; CartesianProduct of one row by them
OPTIONAL MATCH (r:Run {dataset: $dataset, user: $user})
WITH collect(r) AS runs
OPTIONAL MATCH (q:Quarantine {dataset: $dataset})
WHERE q.id > '' AND (q.user = $user OR any(word IN $words WHERE q.reason CONTAINS word OR q.raw CONTAINS word))
WITH runs, collect(q) AS bad
FOREACH (r IN runs | DETACH DELETE r)
FOREACH (q IN bad | DETACH DELETE q)
RETURN size(runs) AS runs, size(bad) AS quarantined
