// fitted_questions: the questions a Fit knows, in order of id, and whether anybody had answered them.
// param   dataset  str   the dataset
// param   fit      str   the Fit
// returns id str, answered bool
// cost    read; the questions of the Fit
MATCH (:Fit {dataset: $dataset, id: $fit})-[b:BASE_RATE]->(q:Question)
RETURN q.id AS id, any(count IN b.counts WHERE count > 0) AS answered ORDER BY id
