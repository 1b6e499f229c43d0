// How many people chose each option of a question, and what share by weights, as the Fit counted them.
// shares_counted: how many people chose each option of a question, and what share by weights, as the Fit counted them.
// param   dataset   str  the dataset
// param   question  str  id of the question
// returns option str, people int, share float
// cost    read; one index look-up; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// No rows where the current Fit has not counted the question; shares_of counts everybody anew.
MATCH (:Fit {dataset: $dataset, id: d.current_fit})-[b:BASE_RATE]->(q:Question {dataset: $dataset, id: $question})
WHERE b.weights IS NOT NULL
WITH q, b, reduce(sum = 0.0, one IN b.weights | sum + one) AS all
UNWIND range(0, size(q.options) - 1) AS place
RETURN q.options[place] AS option, b.counts[place] AS people,
       CASE WHEN all > 0 THEN round(b.weights[place] / all, 6) ELSE 0.0 END AS share
ORDER BY place
