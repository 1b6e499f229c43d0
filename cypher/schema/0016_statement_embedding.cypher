// 0016_statement_embedding: statements are found by meaning, within a dataset.
// returns nothing
// cost    write; once a database
CYPHER 25
CREATE VECTOR INDEX statement_embedding IF NOT EXISTS
FOR (n:Statement) ON n.embedding WITH [n.dataset]
OPTIONS {indexConfig: {`vector.dimensions`: 384, `vector.similarity_function`: 'cosine'}}
