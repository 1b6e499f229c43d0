// ensure_dataset: the dataset is there; one that was there keeps what it is.
// param   dataset     str   its name
// param   evaluation  bool  whether a new one is an evaluation's, hidden from other commands
// returns evaluation bool
// cost    write; one index look-up
MERGE (d:Dataset {dataset: $dataset})
ON CREATE SET d.evaluation = $evaluation, d.refit_needed = false, d.created_at = toString(datetime())
RETURN d.evaluation AS evaluation
