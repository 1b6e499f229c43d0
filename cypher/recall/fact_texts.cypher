// fact_texts: what some facts of a Fit say.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   ids      list[str]  which facts
// returns id str, text str
// cost    read; one index look-up a fact
UNWIND $ids AS id
MATCH (f:Fact {dataset: $dataset, fit: $fit, id: id})
RETURN f.id AS id, f.text AS text
