// 0004_history_item_id: a history item's id is unique in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT history_item_id IF NOT EXISTS
FOR (n:HistoryItem) REQUIRE (n.dataset, n.id) IS UNIQUE
