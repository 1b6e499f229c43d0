// unread_questions: questions with options that neither a person nor a source named and this model did not read, by id.
// param   dataset  str  whose questions
// param   read_by  str  the model and its prompts
// returns id str
// cost    read; every question of the dataset, by index
MATCH (q:Question {dataset: $dataset})
WHERE q.id > '' AND size(q.options) > 0 AND coalesce(q.labelled_by, '') <> 'person'
      AND coalesce(q.read_by, '') <> $read_by
      AND NOT (coalesce(q.labelled_by, '') = 'source' AND q.label IS NOT NULL AND q.stances IS NOT NULL)
RETURN q.id AS id ORDER BY id
