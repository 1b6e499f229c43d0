// 0032_mark_caption: attributes that were there are called `Party: R` in Neo4j Browser and in queries.
// returns nothing
// cost    write; once a database: every cache key once, by a NodeByLabelScan
MATCH (k:CacheKey)
WHERE k.kind = 'demographic' AND k.name CONTAINS '=' AND coalesce(k.caption, k.name) = k.name
SET k.caption = left(k.name, 1) + toLower(replace(substring(split(k.name, '=')[0], 1), '_', ' ')) + ': '
                + substring(k.name, size(split(k.name, '=')[0]) + 1)
