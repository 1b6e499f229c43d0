// Which answers and values go with an answer, as paths that Neo4j Browser draws.
// draw_goes_with: which answers and values go with an answer, as paths that Neo4j Browser draws.
// param   dataset   str  the dataset
// param   question  str  id of the question
// param   option    int  place of the answer, from 0
// returns path any
// cost    read; what goes with the answers to one question; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
MATCH (q:Question {dataset: $dataset, id: $question})
MATCH path = (q)-[:GOES_WITH {fit: d.current_fit, option: $option}]->()
RETURN path
