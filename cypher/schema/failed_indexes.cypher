// failed_indexes: indexes that broke and find nothing, with the constraint that each belongs to.
// returns name str, constraint str?
// cost    read; a list of the indexes
SHOW INDEXES YIELD name, state, owningConstraint WHERE state = 'FAILED'
RETURN name, owningConstraint AS constraint ORDER BY name
