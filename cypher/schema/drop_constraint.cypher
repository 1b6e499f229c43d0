// drop_constraint: a constraint that is there no more, with its index.
// param   name  str  its name
// returns nothing
// cost    write; once an index that broke
DROP CONSTRAINT $name IF EXISTS
