// known_questions: those of the given questions that are stored, with how many options each has.
// param   dataset  str        where they are looked for
// param   ids      list[str]  ids of questions
// returns id str, options int
// cost    read; one index look-up an id
UNWIND $ids AS id
MATCH (q:Question {dataset: $dataset, id: id})
RETURN q.id AS id, size(q.options) AS options
