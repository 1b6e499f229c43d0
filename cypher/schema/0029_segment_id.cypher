// 0029_segment_id: a segment's id is unique in its Fit.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT segment_id IF NOT EXISTS
FOR (n:Segment) REQUIRE (n.dataset, n.fit, n.id) IS UNIQUE
