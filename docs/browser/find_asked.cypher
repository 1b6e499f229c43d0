// Questions of a dataset found by their words, labels and options, or by what was answered, the best first.
// find_asked: questions of a dataset found by their words, labels and options, or by what was answered, the best first.
// param   dataset  str  the dataset
// param   words    str  what is looked for, in Lucene's syntax: `amendment* tax*`
// param   limit    int  most questions; 20 unless given
// returns question str, text str, label str?, options list[str], at str
// cost    read; two full-text searches over all datasets, and the questions of what is found
CALL () {
  CALL db.index.fulltext.queryNodes('question_words', $words, {limit: 100000}) YIELD node AS q, score
  WHERE q.dataset = $dataset
  RETURN q, score
  UNION ALL
  CALL db.index.fulltext.queryNodes('statement_text', $words, {limit: 100000}) YIELD node AS s, score
  WHERE s.dataset = $dataset
  MATCH (s)-[:ANSWERS]->(q:Question)
  RETURN q, score
}
WITH q, max(score) AS best
RETURN q.id AS question, q.text AS text, q.label AS label, q.options AS options, q.at AS at ORDER BY best DESC, question LIMIT $limit
