// The answers that set a segment apart, those first that do it most.
// segment_answers: the answers that set a segment apart, those first that do it most.
// param   dataset  str   the dataset
// param   segment  str   id of the segment
// param   of_fit   str?  the Fit; the current one unless given
// param   limit    int   most answers; 10 unless given
// returns question str, says str, share float, others float, ratio float, z float, asked int
// cost    read; one index look-up, and the answers kept of the segment; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// `share` of those of it who were asked and `others` of everybody else; `z` tests their difference, as Polis does.
MATCH (s:Segment {dataset: $dataset, fit: coalesce($of_fit, d.current_fit), id: $segment})-[r:STANDS_FOR]->(q:Question)
RETURN q.id AS question,
       CASE WHEN r.says CONTAINS '…' AND size(q.text) <= 160
            THEN substring(reduce(said = '', one IN r.options | said + ' or ' + q.options[one]), 4)
                 + ' · ' + q.text
            ELSE r.says END AS says, r.share AS share, r.others AS others, r.ratio AS ratio, r.z AS z,
       r.asked AS asked
ORDER BY r.place LIMIT $limit
