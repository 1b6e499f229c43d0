// segmentation: how the number of a Fit's segments was chosen.
// param   dataset  str  the dataset
// param   fit      str  the Fit
// returns about str?
// cost    read; one index look-up
MATCH (f:Fit {dataset: $dataset, id: $fit})
RETURN f.segmentation AS about
