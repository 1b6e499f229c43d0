// unembedded_statements: statements that have no vector yet, by id.
// param   dataset  str  whose statements
// param   after    str  ids after this one; '' from the start
// param   limit    int  most statements returned
// returns id str, text str
// cost    read; the statements of the dataset after that id, by index
MATCH (s:Statement {dataset: $dataset})
WHERE s.id > $after AND s.embedding IS NULL
RETURN s.id AS id, s.text AS text ORDER BY id LIMIT $limit
