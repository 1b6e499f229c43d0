// store_people: the users are stored as given; a version rises with each, and personas follow the sharing.
// param   dataset  str        whose users
// param   rows     list[map]  {id str, name str, attributes list[str], sharing str, sharing_rank int, weight float?}
// returns stored int
// cost    write; one index look-up a row, and the personas of a user whose sharing changes
UNWIND $rows AS row
MERGE (u:User {dataset: $dataset, id: row.id})
ON CREATE SET u.version = 0, u.sharing_rank = row.sharing_rank
ON MATCH SET u.version = u.version + 1
WITH u, row, u.sharing_rank AS rank_before
SET u.name = row.name, u.attributes = row.attributes, u.sharing = row.sharing, u.sharing_rank = row.sharing_rank,
  u.weight = row.weight, u.caption = CASE row.name WHEN '' THEN row.id ELSE row.name END
WITH u, rank_before
CALL (u, rank_before) {
  WITH u, rank_before WHERE rank_before <> u.sharing_rank
  MATCH (u)-[:HAS_PERSONA]->(p:Persona)
  SET p.sharing = u.sharing, p.sharing_rank = u.sharing_rank
}
RETURN count(*) AS stored
