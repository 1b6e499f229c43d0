// drop_fit: a Fit is gone, with its base rates, links and cross-tabulations.
// param   dataset  str   the dataset
// param   fit      str   the Fit
// returns n int
// cost    write; the questions of the Fit and their links
MATCH (f:Fit {dataset: $dataset, id: $fit})
OPTIONAL MATCH (f)-[:BASE_RATE]->(q:Question)
OPTIONAL MATCH (q)-[t:TELLS|GOES_WITH {fit: $fit}]->(:Question)
DELETE t
WITH DISTINCT f
DETACH DELETE f
RETURN count(*) AS n
