// A user's facts by layer, strongest first; not that of all answers together, which says nothing by itself.
// facts_of: a user's facts by layer, strongest first; not that of all answers together, which says nothing by itself.
// param   dataset  str  the dataset
// param   user     str  id of the user
// returns id str, layer str, text str, strength float, n_support int, question str?, at str, key str?, inferred bool
// cost    read; the facts of one user by index
MATCH (d:Dataset {dataset: $dataset})
MATCH (f:Fact {dataset: $dataset, fit: d.current_fit, user: $user})
WHERE f.layer IN ['distilled', 'induced'] AND f.retired_at = '9999-12-31'
  AND coalesce(f.key, '') <> 'position:all'
RETURN f.id AS id, f.layer AS layer, f.text AS text, f.strength AS strength, f.n_support AS n_support,
       f.question AS question, f.at AS at, f.key AS key,
       coalesce(f.inferred, false) AS inferred
ORDER BY layer DESC, inferred, strength DESC, id
