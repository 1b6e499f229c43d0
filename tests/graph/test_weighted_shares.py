"""Shares of values count people by their survey weights where that is asked for."""

from __future__ import annotations

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.explore import explore
from persona_db.graph.ingest import store_people
from persona_db.graph.models import Person, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import make_world, rows, store

ENOUGH = 10_000


@pytest.mark.parametrize("weights", [{}, {0: 3.0, 1: 0.5, 2: 0.0}])
def test_shares_of_values_by_weights(graph: Graph, dataset: str, weights: dict[int, float]) -> None:
    """Of those who share something and are trusted, as Python sums them; without weights, by heads."""
    store(graph, dataset, make_world(seed=5, people=30, questions=12))
    refine(graph, dataset, embedder=HashEmbedder())
    ids = [
        row["id"]
        for row in rows(graph, "MATCH (u:User {dataset: $dataset}) RETURN u.id AS id ORDER BY id", dataset=dataset)
    ]
    store_people(graph, dataset, [Person(id=ids[at], weight=weight) for at, weight in weights.items()])
    store_people(graph, dataset, [Person(id=ids[-1])], sharing=Sharing.NONE)
    held = rows(
        graph,
        "MATCH (u:User {dataset: $dataset})-[:HOLDS {retired_at: '9999-12-31'}]->(k:CacheKey) "
        "RETURN u.id AS user, k.id AS key",
        dataset=dataset,
    )
    distrusted = {
        row["id"]
        for row in rows(graph, "MATCH (u:User {dataset: $dataset})<-[:DISTRUSTS]-() RETURN u.id AS id", dataset=dataset)
    }
    weight = {id_: weights.get(at, 1.0) for at, id_ in enumerate(ids[:-1]) if id_ not in distrusted}
    expected: dict[str, float] = {}
    for row in held:
        expected[row["key"]] = expected.get(row["key"], 0.0) + weight.get(row["user"], 0.0) / sum(weight.values())
    found = explore(graph, "popular_keys", dataset=dataset, weighted=True, limit=ENOUGH)
    assert found
    assert {row["key"]: row["share"] for row in found} == pytest.approx(
        {row["key"]: expected.get(row["key"], 0.0) for row in found}
    )
    plain = explore(graph, "popular_keys", dataset=dataset, limit=ENOUGH)
    assert [row["key"] for row in plain] == [row["key"] for row in found]
    for row in found[:5]:
        [one] = explore(graph, "one_key", dataset=dataset, key=row["key"], weighted=True)
        assert one["share"] == pytest.approx(row["share"])
