// begin_fit: a Fit of that id is there, being built unless it was ready.
// param   dataset   str   the dataset
// param   fit       str   id of the Fit, a hash of all that goes into it
// param   through   str   the newest item it may be made of
// param   seed      int   of its random choices
// param   settings  str   of the engine, as JSON
// param   engine    str   `statistical`, or the name of a language model
// param   model     str?  of a language model: its settings and the hashes of its prompts, as JSON
// param   kept      bool  whether it stays when a newer one becomes current
// returns status str
// cost    write; one index look-up
MERGE (f:Fit {dataset: $dataset, id: $fit})
ON CREATE SET f.through = $through, f.seed = $seed, f.settings = $settings, f.status = 'building',
              f.engine = $engine, f.model = $model, f.waiting = 0, f.kept = $kept, f.created_at = toString(datetime())
SET f.kept = f.kept OR $kept
RETURN f.status AS status
