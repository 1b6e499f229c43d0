// known_items: those of the given history items that are stored, with what they say.
// param   dataset  str        where they are looked for
// param   ids      list[str]  ids of items
// returns id str, user str, question str?, option int?, at str, statement str
// cost    read; one index look-up an id
UNWIND $ids AS id
// Planned while there are no items yet, it would read all statements instead, and go on so for a minute.
MATCH (h:HistoryItem {dataset: $dataset, id: id})-[:SAYS]->(s:Statement)
USING INDEX h:HistoryItem(dataset, id)
RETURN h.id AS id, h.user AS user, h.question AS question, h.option AS option, h.at AS at, s.id AS statement
