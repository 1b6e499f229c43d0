// store_labels: some questions are called so; a null leaves what is stored, what a person gave stays, and a model only fills in what a source left.
// param   dataset  str        the dataset
// param   rows     list[map]  {question str, label str?, stances list[str]?, directions list[str]?, content str?}
// param   by       str        who gives the labels: source, person or model
// param   read_by  str?       the model and its prompts
// returns changed int
// cost    write; one index look-up a row
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
WHERE $by = 'person' OR coalesce(q.labelled_by, '') <> 'person'
SET q.read_by = coalesce($read_by, q.read_by)
WITH q, row, $by = 'model' AND coalesce(q.labelled_by, 'model') <> 'model' AS fills
WITH q, CASE WHEN fills THEN coalesce(q.label, row.label) ELSE coalesce(row.label, q.label) END AS label,
     CASE WHEN fills THEN coalesce(q.stances, row.stances) ELSE coalesce(row.stances, q.stances) END AS stances,
     CASE WHEN fills THEN coalesce(q.directions, row.directions) ELSE coalesce(row.directions, q.directions) END AS directions,
     CASE WHEN fills THEN coalesce(q.content, row.content) ELSE coalesce(row.content, q.content) END AS content,
     CASE WHEN fills THEN q.labelled_by ELSE $by END AS by
WHERE coalesce(q.label, '') <> coalesce(label, '') OR coalesce(q.stances, []) <> coalesce(stances, [])
      OR coalesce(q.content, '') <> coalesce(content, '') OR coalesce(q.directions, []) <> coalesce(directions, [])
SET q.label = label, q.stances = stances, q.directions = directions, q.content = content, q.labelled_by = by
RETURN count(q) AS changed
