// store_questions: the questions are stored; those already there stay as they are.
// param   dataset  str        whose questions
// param   rows     list[map]  {id str, text str, options list[str], ordinal list[float], kind str, at str, label str?, stances list[str]?, directions list[str]?, content str?}
// returns created int
// cost    write; two index look-ups a row
UNWIND $rows AS row
OPTIONAL MATCH (known:Question {dataset: $dataset, id: row.id})
WITH row WHERE known IS NULL
MERGE (q:Question {dataset: $dataset, id: row.id})
ON CREATE SET q.text = row.text, q.options = row.options, q.ordinal = row.ordinal, q.kind = row.kind, q.at = row.at,
              q.label = row.label, q.stances = row.stances, q.directions = row.directions, q.content = row.content,
              q.labelled_by = CASE WHEN row.label IS NOT NULL OR row.stances IS NOT NULL THEN 'source' END
RETURN count(*) AS created
