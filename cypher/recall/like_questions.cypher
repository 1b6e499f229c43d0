// like_questions: the questions of a Fit nearest in meaning to a vector, nearest first.
// param   dataset  str          the dataset
// param   fit      str          the Fit
// param   vector   list[float]  of the same model as the stored ones
// param   top_k    int          most questions
// param   as_of    str          questions first asked later are left out
// returns id str, cosine float
// cost    read; one vector search
CYPHER 25
MATCH (q:Question)
  SEARCH q IN (VECTOR INDEX question_embedding FOR $vector WHERE q.dataset = $dataset LIMIT $top_k) SCORE AS nearness
WHERE q.at <= $as_of
MATCH (:Fit {dataset: $dataset, id: $fit})-[:BASE_RATE]->(q)
RETURN q.id AS id, 2 * nearness - 1 AS cosine ORDER BY cosine DESC, id
