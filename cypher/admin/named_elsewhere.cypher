// named_elsewhere: how much of the dataset still has one of these words: texts, key names, and reasons in quarantine.
// param   dataset  str        the dataset
// param   words    list[str]  words to look for
// returns texts int, keys int, reasons int
// cost    read; every text, key and bad row of the dataset
RETURN COUNT { (s:Statement {dataset: $dataset}) WHERE s.id > '' AND any(word IN $words WHERE s.text CONTAINS word) }
         AS texts,
       COUNT { (k:CacheKey {dataset: $dataset})
               WHERE k.fit > '' AND k.id > '' AND any(word IN $words WHERE k.name CONTAINS word OR k.id CONTAINS word) }
         AS keys,
       COUNT { (q:Quarantine {dataset: $dataset})
               WHERE q.id > '' AND any(word IN $words WHERE q.reason CONTAINS word OR q.raw CONTAINS word) } AS reasons
