// item_texts: what some history items say.
// param   dataset  str        the dataset
// param   ids      list[str]  which items
// returns id str, text str
// cost    read; one index look-up an item
UNWIND $ids AS id
MATCH (h:HistoryItem {dataset: $dataset, id: id})-[:SAYS]->(s:Statement)
RETURN h.id AS id, s.text AS text
