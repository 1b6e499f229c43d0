// store_labels: some questions are called so; a null leaves what is stored, and so does whatever a person gave.
// param   dataset  str        the dataset
// param   rows     list[map]  {question str, label str?, stances list[str]?, content str?}
// param   by       str        who gives the labels: source, person or model
// returns changed int
// cost    write; one index look-up a row
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.question})
WHERE $by = 'person' OR coalesce(q.labelled_by, '') <> 'person'
WITH q, coalesce(row.label, q.label) AS label, coalesce(row.stances, q.stances) AS stances,
     coalesce(row.content, q.content) AS content
WHERE coalesce(q.label, '') <> coalesce(label, '') OR coalesce(q.stances, []) <> coalesce(stances, [])
      OR coalesce(q.content, '') <> coalesce(content, '')
SET q.label = label, q.stances = stances, q.content = content, q.labelled_by = $by
RETURN count(q) AS changed
