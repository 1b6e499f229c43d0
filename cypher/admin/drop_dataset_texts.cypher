// drop_dataset_texts: some statements and questions of a dataset are gone, fewer where they are long.
// param   dataset  str  which dataset
// param   limit    int  most nodes removed
// param   chars    int  length of text removed, about; the server holds it in memory till the end
// returns deleted int
// cost    write; so many statements and questions, by index
CALL () {
  MATCH (n:Statement {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
  UNION ALL
  MATCH (n:Question {dataset: $dataset}) WHERE n.id > '' RETURN n LIMIT $limit
}
WITH n LIMIT $limit
WITH collect(n) AS nodes
WITH nodes, reduce(taken = {n: 0, chars: 0}, n IN nodes | CASE
  WHEN taken.chars < $chars THEN {n: taken.n + 1, chars: taken.chars + size(n.text)}
  ELSE taken
END).n AS some
UNWIND nodes[..some] AS n
DETACH DELETE n
RETURN count(*) AS deleted
