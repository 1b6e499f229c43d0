// store_personas: some users are refined in a Fit up to a version; a persona they had there is retired.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {user str, id str, version int, key_vector list[float]?, traits list[float], at str}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MATCH (u:User {dataset: $dataset, id: row.user})
CALL (u, row) {
  MATCH (u)-[:HAS_PERSONA]->(old:Persona {fit: $fit, retired_at: '9999-12-31'})
  SET old.retired_at = row.at
}
CREATE (u)-[:HAS_PERSONA]->(:Persona {dataset: $dataset, fit: $fit, id: row.id, user: row.user, version: row.version,
  sharing_rank: u.sharing_rank, key_vector: row.key_vector, traits: row.traits, at: row.at,
  retired_at: '9999-12-31'})
RETURN count(*) AS n
