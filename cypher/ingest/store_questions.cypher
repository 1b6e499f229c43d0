// store_questions: the questions are stored; of those already there only the scale changes, where another is given.
// param   dataset  str        whose questions
// param   rows     list[map]  {id str, text str, options list[str], ordinal list[float], kind str, at str, label str?, stances list[str]?, directions list[str]?, content str?}
// returns created int, changed int
// cost    write; two index look-ups a row
CALL () {
  UNWIND $rows AS row
  MATCH (known:Question {dataset: $dataset, id: row.id})
  WHERE row.ordinal <> [] AND row.ordinal <> coalesce(known.ordinal, [])
  SET known.ordinal = row.ordinal
  RETURN count(known) AS changed
}
CALL () {
  UNWIND $rows AS row
  OPTIONAL MATCH (known:Question {dataset: $dataset, id: row.id})
  WITH row WHERE known IS NULL
  MERGE (q:Question {dataset: $dataset, id: row.id})
  ON CREATE SET q.text = row.text, q.options = row.options, q.ordinal = row.ordinal, q.kind = row.kind, q.at = row.at,
                q.label = row.label, q.stances = row.stances, q.directions = row.directions, q.content = row.content,
                q.caption = coalesce(row.label, row.text),
                q.labelled_by = CASE WHEN row.label IS NOT NULL OR row.stances IS NOT NULL THEN 'source' END
  RETURN count(*) AS created
}
RETURN created, changed
