// drop_dataset: the dataset is listed no more; for one whose nodes are gone.
// param   dataset  str  which dataset
// returns deleted int
// cost    write; one index look-up
MATCH (d:Dataset {dataset: $dataset})
DETACH DELETE d
RETURN count(*) AS deleted
