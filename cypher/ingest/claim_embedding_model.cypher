// claim_embedding_model: the dataset's vectors are of this model, unless they are of another already.
// param   dataset  str  which dataset
// param   model    str  the model's name
// returns model str
// cost    write; one index look-up
MATCH (d:Dataset {dataset: $dataset})
SET d.embedding_model = coalesce(d.embedding_model, $model)
RETURN d.embedding_model AS model
