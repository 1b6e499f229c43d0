// store_quarantine: the bad rows are kept with their reasons, each once, under the user whose they are.
// param   dataset  str        where they were to go
// param   rows     list[map]  {id str, source str, row int, reason str, user str?}
// returns stored int
// cost    write; one index look-up a row
UNWIND $rows AS row
MERGE (q:Quarantine {dataset: $dataset, id: row.id})
ON CREATE SET q.source = row.source, q.row = row.row, q.reason = row.reason
SET q.user = coalesce(row.user, q.user)
RETURN count(*) AS stored
