// await_indexes: waits until every index is online.
// param   seconds  int  longest wait
// returns nothing
// cost    read; as long as indexes are being filled
CALL db.awaitIndexes($seconds)
