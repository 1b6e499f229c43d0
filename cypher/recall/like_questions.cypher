// like_questions: for each vector the questions that somebody of a Fit answered nearest in meaning, nearest first; ties by id.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {id str, vector list[float]}: vectors of the same model as the stored ones
// param   top_k    int        most questions a row
// returns id str, nearest list[list[any]]
// row     nearest [question, cosine, vector]
// cost    read; every question of the Fit for each row: an index would also find those that the Fit does not know
UNWIND $rows AS row
CALL (row) {
  MATCH (:Fit {dataset: $dataset, id: $fit})-[b:BASE_RATE]->(q:Question)
  WHERE q.embedding IS NOT NULL AND any(count IN b.counts WHERE count > 0)
  WITH q, round(2 * vector.similarity.cosine(q.embedding, row.vector) - 1, 6) AS cosine
  ORDER BY cosine DESC, q.id LIMIT $top_k
  RETURN collect([q.id, cosine, q.embedding]) AS nearest
}
RETURN row.id AS id, nearest
