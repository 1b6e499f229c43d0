// 0010_cache_key_id: a cache key's id is unique in its Fit.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT cache_key_id IF NOT EXISTS
FOR (n:CacheKey) REQUIRE (n.dataset, n.fit, n.id) IS UNIQUE
