// segment_axes: how much each question's answer moves a person along the axes of a Fit's segments.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// returns question str, axes list[float]
// cost    read; the questions of the Fit
MATCH (f:Fit {dataset: $dataset, id: $fit})-[b:BASE_RATE]->(q:Question)
WHERE b.axes IS NOT NULL
RETURN q.id AS question, b.axes AS axes ORDER BY question
