"""Queries that Neo4j Browser draws: each finds paths, and every node of them has something to be called by."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from neo4j.graph import Node, Path

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.refinement.refine import refine
from persona_db.graph.catalog import catalog
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.explore import explore
from persona_db.graph.ingest import ensure_dataset, store_items, store_people, store_questions
from persona_db.graph.models import HistoryItem, Person, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import unsearched
from tests.unit.test_segments import planted

PEOPLE = 90
CAPTIONS = {
    "User": "caption", "Question": "caption", "CacheKey": "caption", "Segment": "name", "Fact": "text",
    "HistoryItem": "id", "Statement": "text",
}  # fmt: skip
"""Which property docs/browser/persona-db.grass calls a node of each label by."""


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[str]:
    """Three planted groups of people, every third of whom has no name."""
    name = f"test-{uuid4().hex[:12]}"
    table, _ = planted(PEOPLE)
    ensure_dataset(graph, name)
    store_questions(graph, name, table.questions)
    people = [
        Person(id=user, name="" if at % 3 == 0 else f"Person {user}", attributes={"home_town": "B" if at % 2 else "A"})
        for at, user in enumerate(table.users)
    ]
    store_people(graph, name, people, sharing=Sharing.HISTORY)
    items = [
        HistoryItem(
            id=f"{user}-{one.id}", user=user, text=f"{one.id} {option}", question=one.id, option=int(option), at=""
        )
        for user, row in zip(table.users, table.choice, strict=True)
        for one, option in zip(table.questions, row, strict=True)
    ]  # fmt: skip
    store_items(graph, name, items)
    with unsearched():
        refine(graph, name, embedder=HashEmbedder(), settings=EngineSettings(lift_tests=0))
    yield name
    drop_dataset(graph, name)


@pytest.mark.parametrize("query", sorted(name for name, one in catalog().items() if one.area == "draw"))
def test_paths_are_drawn_with_captions(graph: Graph, town: str, query: str) -> None:
    """Somebody without a name is called by their id, a question by its label, an attribute in words."""
    held = explore(graph, "popular_keys", dataset=town, limit=200)
    known = {
        "dataset": town, "user": "u1", "first": "u1", "second": "u2", "question": "q03", "option": 1, "limit": 12,
        "key": next(one["key"] for one in held if one["kind"] == "demographic"),
        "fact": explore(graph, "facts_of", dataset=town, user="u1")[0]["id"],
    }  # fmt: skip
    if query == "draw_what_two_share":
        alike = explore(graph, "holders_of", dataset=town, key=held[0]["key"], limit=2)
        known |= {"first": alike[0]["user"], "second": alike[1]["user"]}
    named = catalog()[query]
    text = named.text
    records = graph.driver.execute_query(text, {name: known[name] for name in named.params}, database_=graph.database)
    paths = [record["path"] for record in records.records]
    assert paths
    for path in paths:
        assert isinstance(path, Path)
        for node in path.nodes:
            caption = _caption(node)
            assert caption
            assert "=" not in caption
    called = {_caption(node) for path in paths for node in path.nodes if "User" in node.labels}
    assert all(one.startswith(("u", "Person u")) for one in called)


def _caption(node: Node) -> str:
    [label] = node.labels
    return str(node[CAPTIONS[label]])
