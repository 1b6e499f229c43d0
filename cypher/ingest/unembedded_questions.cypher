// unembedded_questions: questions that have no vector yet, by id.
// param   dataset  str  whose questions
// param   after    str  ids after this one; '' from the start
// param   limit    int  most questions returned
// returns id str, text str
// cost    read; the questions of the dataset after that id, by index
MATCH (q:Question {dataset: $dataset})
WHERE q.id > $after AND q.embedding IS NULL
RETURN q.id AS id, q.text AS text ORDER BY id LIMIT $limit
