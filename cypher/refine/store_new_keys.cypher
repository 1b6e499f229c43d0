// store_new_keys: a Fit has these cache keys, those that are new with what is known of them until it is settled.
// param   dataset  str        the dataset
// param   fit      str        the Fit
// param   rows     list[map]  {id str, kind str, name str, n_holders int, idf float, share float, n_stated int}
// returns n int
// cost    write; one index look-up a row
UNWIND $rows AS row
MERGE (k:CacheKey {dataset: $dataset, fit: $fit, id: row.id})
ON CREATE SET k.token = left(replace(randomUUID(), '-', ''), 12), k.kind = row.kind, k.name = row.name,
              k.n_holders = row.n_holders, k.idf = row.idf, k.share = row.share, k.n_stated = row.n_stated, k.loadings = [],
              k.caption = CASE WHEN row.kind = 'demographic' AND row.name CONTAINS '='
      THEN left(row.name, 1) + toLower(replace(substring(split(row.name, '=')[0], 1), '_', ' ')) + ': '
           + substring(row.name, size(split(row.name, '=')[0]) + 1)
      ELSE row.name END
RETURN count(*) AS n
