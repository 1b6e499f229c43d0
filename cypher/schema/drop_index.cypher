// drop_index: an index that is there no more.
// param   name  str  its name
// returns nothing
// cost    write; once an index that broke
DROP INDEX $name IF EXISTS
