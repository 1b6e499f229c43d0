// held_keys: what every user of a Fit holds now.
MATCH (u:User {dataset: $dataset})-[h:HOLDS|LEANS_TO {fit: $fit, retired_at: '9999-12-31'}]->(k:CacheKey)
RETURN u.id AS user, collect([k.id, h.weight]) AS keys ORDER BY user
