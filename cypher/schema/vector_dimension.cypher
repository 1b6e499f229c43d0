// vector_dimension: how many numbers the vectors have that the statements' index holds.
// returns dimension int
// cost    read; the list of vector indexes
SHOW VECTOR INDEXES YIELD name, options
WHERE name = 'statement_embedding'
RETURN options.indexConfig['vector.dimensions'] AS dimension
