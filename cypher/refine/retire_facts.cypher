// retire_facts: these facts no longer hold from a time on.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {id str, at str}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MATCH (f:Fact {dataset: $dataset, fit: $fit, id: row.id})
SET f.retired_at = row.at
RETURN count(*) AS n
