// 0031_segment_typical: who is typical of a Fit's segments is found by index, most typical first.
// returns nothing
// cost    write; once a database
CREATE RANGE INDEX segment_typical IF NOT EXISTS
FOR ()-[r:IN_SEGMENT]-() ON (r.fit, r.typical)
