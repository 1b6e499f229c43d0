// statement_vectors: the embeddings of some statements; those without one are left out.
// param   dataset  str        the dataset
// param   ids      list[str]  which statements
// returns id str, vector list[float]
// cost    read; one index look-up a statement
UNWIND $ids AS id
MATCH (s:Statement {dataset: $dataset, id: id})
WHERE s.embedding IS NOT NULL
RETURN s.id AS id, s.embedding AS vector
