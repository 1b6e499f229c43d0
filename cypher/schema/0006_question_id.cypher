// 0006_question_id: a question's id is unique in the dataset.
// returns nothing
// cost    write; once a database
CREATE CONSTRAINT question_id IF NOT EXISTS
FOR (n:Question) REQUIRE (n.dataset, n.id) IS UNIQUE
