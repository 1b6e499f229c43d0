// erase_unsaid: those of the statements that no item and no fact says any more are gone.
// param   dataset  str        whose statements
// param   ids      list[str]  ids of statements
// returns texts list[str]
// cost    write; one index look-up a statement
UNWIND $ids AS id
MATCH (s:Statement {dataset: $dataset, id: id})
WHERE NOT EXISTS { (s)<-[:SAYS]-() }
WITH s, s.text AS text
DETACH DELETE s
RETURN collect(text) AS texts
