// count_unembedded: how many statements and questions have no vector yet.
// param   dataset  str  whose statements and questions
// returns statements int, questions int
// cost    read; every statement and question of the dataset, by index
RETURN COUNT { (s:Statement {dataset: $dataset}) WHERE s.id > '' AND s.embedding IS NULL } AS statements,
       COUNT { (q:Question {dataset: $dataset}) WHERE q.id > '' AND q.embedding IS NULL } AS questions
