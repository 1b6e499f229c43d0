// 0013_cache_key_name: cache keys of a Fit are found by kind and name.
// returns nothing
// cost    write; once a database
CREATE INDEX cache_key_name IF NOT EXISTS
FOR (n:CacheKey) ON (n.dataset, n.fit, n.kind, n.name)
