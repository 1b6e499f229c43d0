// answers_go_with: what people who gave an answer hold and answer more often than all who were asked, as the Fit counted it.
// param   dataset   str  the dataset
// param   question  str  id of the question
// param   option    int  place of the answer, from 0
// returns what str, id str, option int?, name str, label str?, said str?, kind str?, battery bool, both int, among int, people int, share float, usual float, lift float, low float, high float
// cost    read; one index look-up, and what goes with the answers to one question; CartesianProduct of one by one
MATCH (d:Dataset {dataset: $dataset})
// The columns are those of values_of_those_who, which counts everybody anew; here the Fit kept the twelve surest.
MATCH (q:Question {dataset: $dataset, id: $question})
MATCH (q)-[g:GOES_WITH {fit: d.current_fit, option: $option}]->(to)
OPTIONAL MATCH (:Fit {dataset: $dataset, id: d.current_fit})-[b:BASE_RATE]->(to)
WITH g, to, b, coalesce(b.label, to.label, to.text, to.caption, to.name) AS label,
     CASE WHEN g.other IS NULL THEN NULL ELSE to.options[g.other] END AS said
RETURN CASE WHEN g.other IS NULL THEN 'value' ELSE 'answer' END AS what, to.id AS id, g.other AS option,
       CASE WHEN g.other IS NULL THEN coalesce(to.caption, to.name) ELSE coalesce(b.says[g.other], label + ': ' + said) END AS name,
       label, said, CASE WHEN g.other IS NULL THEN to.kind ELSE NULL END AS kind, g.battery AS battery, g.both AS both,
       g.among AS among, g.people AS people, g.share AS share, g.usual AS usual, g.lift AS lift, g.low AS low,
       g.high AS high
ORDER BY g.place
