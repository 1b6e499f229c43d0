// 0020_key_name: cache keys are found by the words of their names.
// returns nothing
// cost    write; once a database
CREATE FULLTEXT INDEX key_name IF NOT EXISTS
FOR (n:CacheKey) ON EACH [n.name]
