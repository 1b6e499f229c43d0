// note_erased: a digest of an erased user's id is kept, so that erasing them can be asked again; the last thousand are.
// param   dataset  str  the dataset
// param   digest   str  of the id
// returns nothing
// cost    write; one index look-up
MATCH (d:Dataset {dataset: $dataset})
SET d.erased = ([one IN coalesce(d.erased, []) WHERE one <> $digest] + [$digest])[-1000..]
