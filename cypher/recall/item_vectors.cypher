// item_vectors: the embeddings of what some history items say; those without one are left out.
// param   dataset  str        the dataset
// param   ids      list[str]  which items
// returns id str, vector list[float]
// cost    read; one index look-up an item
UNWIND $ids AS id
MATCH (h:HistoryItem {dataset: $dataset, id: id})-[:SAYS]->(s:Statement)
WHERE s.embedding IS NOT NULL
RETURN h.id AS id, s.embedding AS vector
