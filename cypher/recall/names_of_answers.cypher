// names_of_answers: what a Fit calls some questions, and each of their answers.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   questions  list[str]  which questions
// returns id str, label str, says list[str]
// cost    read; one index look-up a question, and its relationship; CartesianProduct of one by one
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
MATCH (:Fit {dataset: $dataset, id: $fit})-[b:BASE_RATE]->(q)
RETURN q.id AS id, coalesce(b.label, q.text) AS label,
       coalesce(b.says, [option IN q.options | q.text + ': ' + option]) AS says
