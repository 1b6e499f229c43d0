// store_segment_axes: a Fit knows how much each question's answer moves a person along the axes of its segments.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {question str, axes list[float]}
// returns n int
// cost    write; one index look-up a row
MATCH (f:Fit {dataset: $dataset, id: $fit})
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
MATCH (f)-[b:BASE_RATE]->(q)
SET b.axes = row.axes
RETURN count(*) AS n
