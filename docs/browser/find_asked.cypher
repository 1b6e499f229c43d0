// Questions of a dataset found by the words of what was answered to them, the best first.
// find_asked: questions of a dataset found by the words of what was answered to them, the best first.
// param   dataset  str  the dataset
// param   words    str  what is looked for, in Lucene's syntax: `amendment* tax*`
// param   limit    int  most questions; 20 unless given
// returns question str, text str, options list[str], at str
// cost    read; one full-text search, and the questions of what is found
CALL db.index.fulltext.queryNodes('statement_text', $words, {limit: 50 * $limit}) YIELD node AS s, score
WHERE s.dataset = $dataset
MATCH (s)-[:ANSWERS]->(q:Question)
WITH q, max(score) AS best
RETURN q.id AS question, q.text AS text, q.options AS options, q.at AS at ORDER BY best DESC, question LIMIT $limit
