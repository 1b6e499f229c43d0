// move_records: the record of a model's calls on a user, and what was said of them and could not be stored, are another's.
// param   dataset  str  whose users
// param   user     str  id of the user
// param   into     str  id of the other user
// returns runs int, quarantined int
// cost    write; every run and bad row of one user, by index
CALL () {
  MATCH (r:Run {dataset: $dataset, user: $user})
  SET r.user = $into
  RETURN count(r) AS runs
}
CALL () {
  MATCH (q:Quarantine {dataset: $dataset, user: $user})
  SET q.user = $into
  RETURN count(q) AS quarantined
}
RETURN runs, quarantined
