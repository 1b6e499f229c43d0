// store_representative: the answers that set segments apart, `place` 0 the first.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {segment str, question str, options list[int], place int, says str, share float, others float, ratio float, z float, asked int}
// returns n int
// cost    write; two index look-ups a row; CartesianProduct of one by one
UNWIND $rows AS row
MATCH (s:Segment {dataset: $dataset, fit: $fit, id: row.segment})
MATCH (q:Question {dataset: $dataset, id: row.question})
MERGE (s)-[r:STANDS_FOR {fit: $fit}]->(q)
SET r.options = row.options, r.place = row.place, r.says = row.says, r.share = row.share, r.others = row.others,
    r.ratio = row.ratio, r.z = row.z, r.asked = row.asked
RETURN count(*) AS n
