// Rows of a source that were not stored, and why.
// quarantined: rows of a source that were not stored, and why.
// param   dataset  str  the dataset
// param   limit    int  most rows; 20 unless given
// returns source str, row int, reason str
// cost    read; the quarantined rows of the dataset by index
MATCH (q:Quarantine {dataset: $dataset}) WHERE q.id > ''
RETURN q.source AS source, q.row AS row, q.reason AS reason ORDER BY source, row, q.id LIMIT $limit
