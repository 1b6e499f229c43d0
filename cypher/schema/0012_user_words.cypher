// 0012_user_words: users are found by the words of their names and ids, within a dataset.
// returns nothing
// cost    write; once a database
CREATE FULLTEXT INDEX user_words IF NOT EXISTS
FOR (n:User) ON EACH [n.name, n.id, n.dataset]
