// copy_nodes_out: every node of the database but its migrations.
// returns id str, labels list[str], properties map
// cost    read; AllNodesScan
MATCH (n) WHERE NOT n:Migration
RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS properties
