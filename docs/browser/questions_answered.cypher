// The questions of a dataset, by id in pages.
// questions_answered: the questions of a dataset, by id in pages.
// param   dataset  str  the dataset
// param   skip     int  questions passed over; 0 unless given
// param   limit    int  most questions; 50 unless given
// returns question str, text str, label str?, options list[str], at str
// cost    read; the questions of the dataset by index
MATCH (q:Question {dataset: $dataset}) WHERE q.id > '' AND size(q.options) > 0
RETURN q.id AS question, q.text AS text, q.label AS label, q.options AS options, q.at AS at
ORDER BY question SKIP $skip LIMIT $limit
