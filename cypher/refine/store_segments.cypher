// store_segments: a Fit has these segments and no others.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   about    str        how their number was chosen, as JSON
// param   rows     list[map]  {id str, name str, place int, people int, weight float, share float, centre list[float], typical_from float}
// returns n int
// cost    write; one index look-up a row, and the segments that were there with their relationships
MATCH (f:Fit {dataset: $dataset, id: $fit})
SET f.segmentation = $about
WITH f
CALL () {
  MATCH (old:Segment {dataset: $dataset, fit: $fit}) WHERE old.id > ''
  DETACH DELETE old
}
UNWIND $rows AS row
CREATE (s:Segment {dataset: $dataset, fit: $fit, id: row.id})
SET s.name = row.name, s.place = row.place, s.people = row.people, s.weight = row.weight, s.share = row.share,
    s.centre = row.centre, s.typical_from = row.typical_from
RETURN count(*) AS n
