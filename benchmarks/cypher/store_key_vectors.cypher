// store_key_vectors: some personas have these vectors, to compare.
UNWIND $rows AS row
MATCH (p:Persona {dataset: $dataset, fit: $fit, id: row[0]})
SET p.key_vector = row[1]
