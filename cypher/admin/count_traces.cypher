// count_traces: what the dataset still holds of a user.
// param   dataset     str        whose user
// param   user        str        id of the user
// param   statements  list[str]  ids of statements that were said by nobody else
// returns users int, items int, facts int, personas int, statements int, runs int, quarantined int
// cost    read; every history item, fact and persona of the dataset, and the user's runs and bad rows, by index
RETURN COUNT { (u:User {dataset: $dataset, id: $user}) } AS users,
       COUNT { (h:HistoryItem {dataset: $dataset}) WHERE h.id > '' AND h.user = $user } AS items,
       COUNT { (f:Fact {dataset: $dataset, user: $user}) WHERE f.fit > '' AND f.id > '' } AS facts,
       COUNT { (p:Persona {dataset: $dataset, user: $user}) WHERE p.fit > '' AND p.id > '' } AS personas,
       COUNT { UNWIND $statements AS id MATCH (s:Statement {dataset: $dataset, id: id}) RETURN s } AS statements,
       COUNT { (r:Run {dataset: $dataset, user: $user}) } AS runs,
       COUNT { (q:Quarantine {dataset: $dataset, user: $user}) } AS quarantined
