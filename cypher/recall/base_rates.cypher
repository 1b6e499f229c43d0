// base_rates: what a Fit knows of some questions.
// param   dataset    str        the dataset
// param   fit        str        the Fit
// param   questions  list[str]  which questions
// returns id str, text str, options list[str], ordinal list[float], kind str, label str?, says list[str]?, stances list[str]?, directions list[str]?, content str?, at str, counts list[int], rates list[float], loadings list[float], told_by float, factors list[float]?, off list[float]?, steps list[float]?
// cost    read; one index look-up a question, and its relationships; CartesianProduct of one by one
UNWIND $questions AS id
MATCH (q:Question {dataset: $dataset, id: id})
MATCH (:Fit {dataset: $dataset, id: $fit})-[b:BASE_RATE]->(q)
RETURN q.id AS id, q.text AS text, q.options AS options, q.ordinal AS ordinal, q.kind AS kind, coalesce(b.label, q.label) AS label,
       b.says AS says, q.stances AS stances, q.directions AS directions, q.content AS content, q.at AS at,
       b.counts AS counts, b.rates AS rates, b.loadings AS loadings, b.told_by AS told_by, b.factors AS factors, b.off AS off,
       b.steps AS steps
