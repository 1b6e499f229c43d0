// find_people: people found by the words of their name or id, the best first; for search as one types.
// param   dataset  str  the dataset
// param   words    str  what is looked for, in Lucene's syntax: `collins*`
// param   limit    int  most people; 20 unless given
// returns user str, name str, sharing str
// cost    read; one full-text search over all datasets
WITH '+(name:(' + $words + ') id:(' + $words + ')) +dataset:"' + replace($dataset, '"', ' ') + '"' AS query
CALL db.index.fulltext.queryNodes('user_words', query, {limit: 100000}) YIELD node AS u, score
WHERE u.dataset = $dataset
RETURN u.id AS user, u.name AS name, u.sharing AS sharing ORDER BY score DESC, name, user LIMIT $limit
