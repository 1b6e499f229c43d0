// store_bad_answers: what a model said of users and could not be used is kept, with the reason.
// param   dataset  str        the dataset
// param   rows     list[map]  {id str, user str, source str, reason str, raw str}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MERGE (q:Quarantine {dataset: $dataset, id: row.id})
SET q.user = row.user, q.source = row.source, q.row = 0, q.reason = row.reason, q.raw = row.raw
RETURN count(*) AS n
