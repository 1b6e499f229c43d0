// traced_evidence: the facts of a Fit and the history items behind some evidence, and how much their users share.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   ids      list[str]  ids of facts and of history items
// returns id str, layer str, user str, name str, sharing_rank int, key str?, at str
// cost    read; two index look-ups an id
UNWIND $ids AS id
CALL (id) {
  MATCH (f:Fact {dataset: $dataset, fit: $fit, id: id})<-[:HAS_FACT]-(u:User)
  RETURN u, f.layer AS layer, f.key AS key, f.at AS at
  UNION ALL
  MATCH (h:HistoryItem {dataset: $dataset, id: id})<-[:HAS_HISTORY]-(u:User)
  RETURN u, 'history' AS layer, NULL AS key, h.at AS at
}
RETURN id, layer, u.id AS user, u.name AS name, u.sharing_rank AS sharing_rank, key, at
