// known_items: those of the given history items that are stored.
// param   dataset  str        where they are looked for
// param   ids      list[str]  ids of items
// returns ids list[str]
// cost    read; one index look-up an id
RETURN [id IN $ids WHERE EXISTS { (:HistoryItem {dataset: $dataset, id: id}) }] AS ids
