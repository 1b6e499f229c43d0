// asked_in_fit: which of some questions a Fit knows: those that somebody had answered, or all where nobody had answered any.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   questions  list[str]  which questions
// returns question str
// cost    read; one index look-up a question; CartesianProduct of one by one
MATCH (f:Fit {dataset: $dataset, id: $fit})
WITH f, EXISTS { MATCH (f)-[b:BASE_RATE]->(:Question) WHERE any(count IN b.counts WHERE count > 0) } AS answered
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
MATCH (f)-[b:BASE_RATE]->(q)
WHERE NOT answered OR any(count IN b.counts WHERE count > 0)
RETURN id AS question
