// Every question of a dataset.
// questions_of: every question of a dataset.
// param   dataset  str  whose questions
// returns id str, text str, options list[str], ordinal list[float], kind str, label str?, stances list[str]?, directions list[str]?, content str?, at str
// cost    read; every question of the dataset, by index
MATCH (q:Question {dataset: $dataset}) WHERE q.id > ''
RETURN q.id AS id, q.text AS text, q.options AS options, q.ordinal AS ordinal, q.kind AS kind, q.label AS label,
       q.stances AS stances, q.directions AS directions, q.content AS content, q.at AS at
ORDER BY id
