// has_attribute: whether anybody who shares values has an attribute of that name.
// param   dataset    str  the dataset
// param   attribute  str  its name, as `PARTY`
// returns there bool
// cost    read; people of the dataset until one has it
OPTIONAL MATCH (u:User {dataset: $dataset})
WHERE u.id > '' AND u.sharing_rank >= 1 AND any(one IN u.attributes WHERE one STARTS WITH $attribute + '=')  // 1 = keys
RETURN u IS NOT NULL AS there LIMIT 1
