// erased_before: which of these digests are of users who were erased.
// param   dataset  str        the dataset
// param   digests  list[str]  of users' ids
// returns digest str
// cost    read; one index look-up
MATCH (d:Dataset {dataset: $dataset})
UNWIND $digests AS digest
WITH d, digest WHERE digest IN coalesce(d.erased, [])
RETURN digest
