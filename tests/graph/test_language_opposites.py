"""Contrary issues of a language model's Fit: each other's opposite in the graph, and subtracted by the JOIN."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from persona_db.chains import LanguageModel, ModelSettings, join, open_model, refine
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.ingest import store_items
from persona_db.graph.models import HistoryItem
from persona_db.graph.session import Graph
from tests.language_server import Asked, LanguageServer, obedient
from tests.synthetic import World, make_world, rows, store

EMBEDDER = HashEmbedder()
FOR, AGAINST = "issue:for night buses", "issue:against night buses"


def town(*, contrary: bool) -> World:
    """Twelve readers of one paper; all are for night buses, or every second one is against them."""
    world = make_world(people=12, questions=3)
    said = [
        HistoryItem(
            id=f"{person.id}/said", user=person.id,
            text=f"I read the paper, and I am {'against' if contrary and row % 2 else 'for'} night buses.",
        )
        for row, person in enumerate(world.people)
    ]  # fmt: skip
    return replace(world, items=(*world.items, *said))


def taking_sides(asked: Asked, *, weight: float) -> str:
    """An answer that names the side taken, each in other words than the key's, with that weight, and the paper."""
    if asked.task != "induce":
        return obedient(asked)
    handles = [handle for handle, text in asked.items.items() if handle[0] == "f" and "paper" in text]
    said = " ".join(asked.items.values())
    name = "opposed to night buses" if "against night" in said else "Pro night buses"
    traits = [
        {"kind": "issue", "name": name, "text": f"Is {name}.", "weight": weight, "facts": handles},
        {"kind": "topic", "name": "paper", "text": "Reads the paper.", "weight": 0.4, "facts": handles},
    ]
    return json.dumps({"traits": traits if handles else []})


@pytest.fixture
def model(server: LanguageServer, tmp_path: Path) -> LanguageModel:
    server.answer = partial(taking_sides, weight=0.2)  # opponents who live alike still have something in common
    return open_model("openai:scripted", settings=ModelSettings(concurrency=4), cache=tmp_path / "calls.sqlite3")


def opposites(graph: Graph, dataset: str) -> list[dict[str, str]]:
    query = "MATCH (k:CacheKey {dataset: $d})-[:OPPOSITE_OF]->(o) RETURN k.id AS k, o.id AS o"
    return rows(graph, query, d=dataset)


def scores(graph: Graph, dataset: str, user: str) -> dict[str, float]:
    """The JOIN's scores as they follow from who holds what, computed here."""
    query = "MATCH (u:User {dataset: $d})-[h:HOLDS]->(k) RETURN u.id AS user, k.id AS key, h.unit AS unit"
    held: dict[str, dict[str, float]] = {}
    for row in rows(graph, query, d=dataset):
        held.setdefault(row["user"], {})[row["key"]] = row["unit"]
    other = {FOR: AGAINST, AGAINST: FOR}
    own = held.pop(user)
    return {
        one: sum(unit * (theirs.get(key, 0) - theirs.get(other.get(key, ""), 0)) for key, unit in own.items())
        for one, theirs in held.items()
    }


def test_contrary_issues_subtract(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """One relationship a pair; who is on the other side scores less by it, by index and by traversal alike."""
    store(graph, dataset, town(contrary=True))
    refine(graph, dataset, model=model, embedder=EMBEDDER)
    assert opposites(graph, dataset) == [{"k": AGAINST, "o": FOR}]
    graph.await_indexes()
    for exact in (False, True):
        found = {one.user: one for one in join(graph, "u00", dataset=dataset, top_k=12, exact=exact)}
        positive = {user: score for user, score in scores(graph, dataset, "u00").items() if round(score, 9) > 0}
        assert {user: one.score for user, one in found.items()} == pytest.approx(positive)
        sides = {user: int(user[1:]) % 2 for user in found}
        assert set(sides.values()) == {0, 1}
        for user, one in found.items():
            assert [key.key for key in one.opposed] == [FOR] * sides[user]
            assert all(key.contribution < 0 for key in one.opposed)
            assert (FOR in {key.key for key in one.shared}) == (not sides[user])


def test_the_first_who_is_against_is_folded_in_as_contrary(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """A key that comes up later is linked to the one it contradicts, in the same transaction as its holder."""
    world = town(contrary=False)
    store(graph, dataset, world)
    refine(graph, dataset, model=model, embedder=EMBEDDER)
    assert opposites(graph, dataset) == []
    changed = HistoryItem(id="u03/more", user="u03", text="The paper says I am against night buses now.")
    store_items(graph, dataset, [changed])
    again = refine(graph, dataset, model=model, embedder=EMBEDDER)
    assert (again.users, again.refitted) == (1, False)
    assert opposites(graph, dataset) == [{"k": AGAINST, "o": FOR}]
    found = {one.user: one for one in join(graph, "u00", dataset=dataset, top_k=12, exact=True)}
    assert "u03" not in found or [key.key for key in found["u03"].opposed] == [FOR]
