// 0017_question_embedding: questions are found by meaning, within a dataset.
// returns nothing
// cost    write; once a database
CYPHER 25
CREATE VECTOR INDEX question_embedding IF NOT EXISTS
FOR (n:Question) ON n.embedding WITH [n.dataset]
OPTIONS {indexConfig: {`vector.dimensions`: 384, `vector.similarity_function`: 'cosine'}}
