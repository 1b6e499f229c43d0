// fitted_questions: the questions a Fit knows, in order of id.
// param   dataset  str   the dataset
// param   fit      str   the Fit
// returns id str
// cost    read; the questions of the Fit
MATCH (:Fit {dataset: $dataset, id: $fit})-[:BASE_RATE]->(q:Question)
RETURN q.id AS id ORDER BY id
