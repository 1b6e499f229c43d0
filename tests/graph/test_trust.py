"""Nobody borrows from those whom a Fit distrusts, and they are trusted again when what they say gives no reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np
import pytest

from persona_db.chains import open_snapshot, predict, refine
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.retrieval.collaborator_items import CollaboratorItems
from persona_db.chains.retrieval.join import Match, join, join_many
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.explore import explore
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import HistoryItem, Person, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, answer, make_survey, rows, store

EMBEDDER = HashEmbedder()
ON = EngineSettings(lift_tests=0)
OFF = EngineSettings(copies=0, most_noise=0, most_surprise=0, lift_tests=0)
COPIES = {f"x{number}" for number in range(6)}
TICKERS = {f"y{number}" for number in range(6)}
ALL = 1_000
SURVEY = make_survey(people=121, questions=60)
"""The last of these people is not in the town."""


def ticked(world: World, user: str, *, at: str = "") -> World:
    """The world with somebody who answered everything by chance."""
    rng = np.random.default_rng([7, *user.encode()])
    said = [answer(user, asked, int(rng.integers(len(asked.options))), at=at) for asked in world.questions]
    return replace(world, people=(*world.people, Person(id=user, name=user)), items=(*world.items, *said))


def as_said_by(world: World, other: str, user: str, *, at: str = "") -> list[HistoryItem]:
    """What somebody says who answers as another one does in *world*."""
    said = [(asked, world.answer(other, asked.id)) for asked in world.questions]
    return [answer(user, asked, option, at=at) for asked, option in said if option is not None]


def hostile_world() -> World:
    """A hundred and twenty people; six who copy the first of them, and six who tick at random."""
    honest = world = SURVEY.only([person.id for person in SURVEY.people[:-1]])
    for user in sorted(COPIES):
        copied = as_said_by(honest, "u000", user)
        world = replace(world, people=(*world.people, Person(id=user, name=user)), items=(*world.items, *copied))
    for user in sorted(TICKERS):
        world = ticked(world, user)
    return world


@dataclass
class Town:
    graph: Graph
    dataset: str
    world: World

    def distrusted(self) -> dict[str, str]:
        found = rows(
            self.graph,
            "MATCH (d:Dataset {dataset: $d}) MATCH (:Fit {dataset: $d, id: d.current_fit})-[x:DISTRUSTS]->(u:User) "
            "RETURN u.id AS user, x.reason AS reason",
            d=self.dataset,
        )
        return {row["user"]: row["reason"] for row in found}

    def joined(self, *, exact: bool) -> set[str]:
        """Everybody who is anybody's collaborator."""
        snapshot = open_snapshot(self.graph, self.dataset)
        found = join_many(snapshot, [person.id for person in self.world.people], top_k=ALL, exact=exact)
        return {match.user for matches in found.values() for match in matches}

    def lends(self, users: set[str]) -> set[str]:
        """Those of *users* who lend anything when they are asked for by name."""
        snapshot = open_snapshot(self.graph, self.dataset)
        _, correlations = prepare(snapshot, [("u001", "q00")])
        collaborator_items = CollaboratorItems(correlations)
        collaborator_items.fetch(users)
        similarity = TextSimilarity(correlations)
        lent = set()
        for user in sorted(users):
            match = Match(user, "", 1.0)
            lent |= {
                item.user
                for item in collaborator_items.recalled("q00", [match], cap=ALL, known=(), similarity=similarity)
            }
        return {str(user) for user in lent}


@pytest.fixture
def town(graph: Graph) -> Iterator[Town]:
    """The world, loaded and not yet refined."""
    dataset = f"test-{uuid4().hex[:12]}"
    world = hostile_world()
    store(graph, dataset, world)
    yield Town(graph, dataset, world)
    drop_dataset(graph, dataset)


def test_nobody_borrows_from_the_distrusted(town: Town) -> None:
    """Neither join finds them and they lend nothing, as they would without defences; everybody else is found."""
    graph, dataset = town.graph, town.dataset
    hostile = COPIES | TICKERS
    refine(graph, dataset, embedder=EMBEDDER, settings=OFF)
    assert town.distrusted() == {}
    for exact in (False, True):
        assert town.joined(exact=exact) >= hostile
    assert town.lends(hostile) & COPIES
    report = refine(graph, dataset, embedder=EMBEDDER, refit=True, settings=ON)
    out = town.distrusted()
    assert out.keys() >= hostile
    assert len(out) <= len(hostile) + 2
    assert {out[user] for user in COPIES} == {"copy"}
    assert report.left_out == {reason: list(out.values()).count(reason) for reason in sorted(set(out.values()))}
    honest = {person.id for person in town.world.people} - out.keys()
    for exact in (False, True):
        assert town.joined(exact=exact) == honest
    assert town.lends(hostile) == set()
    assert town.lends(honest) == honest
    listed = explore(graph, "left_out", dataset=dataset, limit=ALL)
    assert {row["user"]: row["reason"] for row in listed} == out


def test_the_distrusted_have_a_persona_and_collaborators(town: Town) -> None:
    """They borrow from others, and are predicted like anybody."""
    refine(town.graph, town.dataset, embedder=EMBEDDER, settings=ON)
    user = min(TICKERS & town.distrusted().keys())
    assert join(town.graph, user, dataset=town.dataset)
    made = predict(town.graph, user, "q03", dataset=town.dataset)
    assert sum(made.probabilities) == pytest.approx(1.0)


def test_who_answers_otherwise_is_trusted_after_a_refit(town: Town) -> None:
    """With newer answers that hang together in place of random ones; until then they are not."""
    graph, dataset = town.graph, town.dataset
    refine(graph, dataset, embedder=EMBEDDER, settings=ON)
    user = min(TICKERS & town.distrusted().keys())
    said = as_said_by(SURVEY, SURVEY.people[-1].id, user, at="2020-01-01")
    store_items(graph, dataset, [item.model_copy(update={"id": f"{item.id}/again"}) for item in said])
    refine(graph, dataset, embedder=EMBEDDER, settings=ON)
    assert user in town.distrusted()
    refine(graph, dataset, embedder=EMBEDDER, refit=True, settings=ON)
    assert user not in town.distrusted()
    for exact in (False, True):
        assert user in town.joined(exact=exact)


def test_who_comes_later_is_judged_when_folded_in(town: Town) -> None:
    """A random ticker lends nothing from then on; reads as of before do not know of it; nobody else is touched."""
    graph, dataset = town.graph, town.dataset
    refine(graph, dataset, embedder=EMBEDDER, settings=ON)
    before = town.distrusted()
    late = ticked(town.world, "z1", at="2024-05-01")
    store_people(graph, dataset, late.people[-1:], sharing=Sharing.HISTORY)
    store_items(graph, dataset, [item for item in late.items if item.user == "z1"])
    report = refine(graph, dataset, embedder=EMBEDDER, settings=ON)
    assert not report.refitted
    after = town.distrusted()
    assert after.keys() == before.keys() | {"z1"}
    assert report.left_out == {after["z1"]: 1}
    for exact in (False, True):
        assert "z1" not in town.joined(exact=exact)
    assert town.lends({"z1"}) == set()


def test_a_dropped_fit_takes_its_distrust_along(town: Town) -> None:
    """After a refit without defences no relationship of the old Fit is left."""
    refine(town.graph, town.dataset, embedder=EMBEDDER, settings=ON)
    refine(town.graph, town.dataset, embedder=EMBEDDER, refit=True, settings=OFF)
    left = rows(town.graph, "MATCH (u:User {dataset: $d})<-[x:DISTRUSTS]-() RETURN count(x) AS n", d=town.dataset)
    assert left == [{"n": 0}]
