// likeness: how near in meaning some statements come to some questions: the cosine, rounded.
// param   dataset  str        the dataset
// param   rows     list[map]  {question str, vector list[float], statements list[str]}: vectors of the model of the stored ones
// returns question str, cosines list[list[any]]
// row     cosines [statement, cosine]
// cost    read; one index look-up a statement of each row
UNWIND $rows AS row
CALL (row) {
  UNWIND row.statements AS id
  MATCH (s:Statement {dataset: $dataset, id: id})
  WHERE s.embedding IS NOT NULL
  RETURN collect([id, round(2 * vector.similarity.cosine(s.embedding, row.vector) - 1, 6)]) AS cosines
}
RETURN row.question AS question, cosines
