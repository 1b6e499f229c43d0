// store_vectors_of_questions: the questions have their vectors.
// param   dataset  str        whose questions
// param   rows     list[map]  {id str, vector list[float], checked: of the index's length, unit}
// returns nothing
// cost    write; one index look-up and one vector a row
UNWIND $rows AS row
MATCH (q:Question {dataset: $dataset, id: row.id})
CALL db.create.setNodeVectorProperty(q, 'embedding', row.vector)
