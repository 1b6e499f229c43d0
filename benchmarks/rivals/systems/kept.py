"""Whether a Neo4j still has a word."""

from __future__ import annotations

import neo4j

from benchmarks.rivals.rival import Place

__all__ = ["driver_of", "kept_in_neo4j"]

_HAS = (
    "any(key IN keys(x) WHERE (x[key] IS :: STRING AND x[key] CONTAINS $word) "
    "OR (x[key] IS :: LIST<STRING NOT NULL> AND any(one IN x[key] WHERE one CONTAINS $word)))"
)


def driver_of(place: Place) -> neo4j.Driver:
    """Return a driver of the server that the system was given."""
    return neo4j.GraphDatabase.driver(place.neo4j_uri, auth=(place.neo4j_user, place.neo4j_password))


def kept_in_neo4j(place: Place, word: str) -> int:
    """Return how many nodes and relationships have *word* in a property."""
    query = (
        f"MATCH (x) WHERE {_HAS} RETURN count(x) AS found UNION ALL "
        f"MATCH ()-[x]->() WHERE {_HAS} RETURN count(x) AS found"
    )
    with driver_of(place) as driver:
        records, _, _ = driver.execute_query(query, {"word": word})
    return sum(int(record["found"]) for record in records)
