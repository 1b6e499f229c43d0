// find_questions: some questions as stored, whether or not a Fit knows them.
// param   dataset  str        the dataset
// param   ids      list[str]  which questions
// returns id str, text str, options list[str], ordinal list[float], kind str, label str?, stances list[str]?, directions list[str]?, content str?, at str, vector list[float]?
// cost    read; one index look-up a question
UNWIND $ids AS id
MATCH (q:Question {dataset: $dataset, id: id})
RETURN q.id AS id, q.text AS text, q.options AS options, q.ordinal AS ordinal, q.kind AS kind, q.label AS label,
       q.stances AS stances, q.directions AS directions, q.content AS content, q.at AS at,
       q.embedding AS vector
