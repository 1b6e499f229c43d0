// opposites: the opposite of each key of a Fit that has one.
MATCH (k:CacheKey {dataset: $dataset, fit: $fit})-[:OPPOSITE_OF]-(o:CacheKey)
RETURN k.id AS key, o.id AS opposite ORDER BY key
