// key_vector_index: personas by the vector of their keys, to compare.
CYPHER 25
CREATE VECTOR INDEX persona_key_vector IF NOT EXISTS
FOR (n:Persona) ON n.key_vector WITH [n.dataset, n.fit, n.sharing_rank, n.at, n.retired_at]
OPTIONS {indexConfig: {
  `vector.dimensions`: 384, `vector.similarity_function`: 'cosine',
  `vector.quantization.enabled`: false  // on, the index misses a fifth of the nearest (docs/decisions/0001)
}}
