// questions_asked: every question with options that was first asked by a date, in order of id.
// param   dataset  str   the dataset
// param   as_of    str   questions first asked later are left out
// returns id str, text str, options list[str], ordinal list[float], kind str, label str?, stances list[str]?, directions list[str]?, content str?, at str, vector list[float]?
// cost    read; every question of the dataset once
MATCH (q:Question {dataset: $dataset})
WHERE q.id > '' AND q.at <= $as_of
RETURN q.id AS id, q.text AS text, q.options AS options, q.ordinal AS ordinal, q.kind AS kind, q.label AS label,
       q.stances AS stances, q.directions AS directions, q.content AS content, q.at AS at,
       q.embedding AS vector ORDER BY id
