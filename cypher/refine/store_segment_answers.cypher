// store_segment_answers: what the people of segments answered to questions: heads, and effective people by survey weights.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {segment str, question str, counts list[int], effective list[float]}
// returns n int
// cost    write; two index look-ups a row; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (s:Segment {dataset: $dataset, fit: $fit, id: row.segment})
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (s)-[a:ANSWERED {fit: $fit}]->(q)
SET a.counts = row.counts, a.effective = row.effective
RETURN count(*) AS n
