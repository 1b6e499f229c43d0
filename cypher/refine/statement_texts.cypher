// statement_texts: the texts of some statements.
// param   dataset  str        the dataset
// param   ids      list[str]  which statements
// returns id str, text str
// cost    read; one index look-up a statement
UNWIND $ids AS id
MATCH (s:Statement {dataset: $dataset, id: id})
RETURN s.id AS id, s.text AS text
