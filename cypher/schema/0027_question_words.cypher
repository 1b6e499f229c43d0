// 0027_question_words: questions are found by their words, their labels, their options and what these stand for.
// returns nothing
// cost    write; once a database
CREATE FULLTEXT INDEX question_words IF NOT EXISTS
FOR (n:Question) ON EACH [n.text, n.label, n.options, n.stances]
