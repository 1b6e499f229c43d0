// settle_quarantine: bad rows that are stored now are no longer in quarantine.
// param   dataset  str        where they were to go
// param   ids      list[str]  ids of quarantined rows
// returns settled int
// cost    write; one index look-up a row
UNWIND $ids AS id
MATCH (q:Quarantine {dataset: $dataset, id: id})
DETACH DELETE q
RETURN count(*) AS settled
