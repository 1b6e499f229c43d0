// 0019_statement_text: statements are found by their words.
// returns nothing
// cost    write; once a database
CREATE FULLTEXT INDEX statement_text IF NOT EXISTS
FOR (n:Statement) ON EACH [n.text]
