"""Recall fills r places: as many own and borrowed ones as asked, from whoever shares enough, and nothing twice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from uuid import uuid4

import pytest

from persona_db.chains import RecallSettings, open_reading, predict, predict_many, recall
from persona_db.chains.refine import refine
from persona_db.evals.evaluate import check_no_leak
from persona_db.evals.items import TestItem
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import LeakError
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, make_world, store

USER, ASKED = "u05", "q03"


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(people=60, questions=18, seed=2).without(USER, ASKED)


@pytest.fixture(scope="module")
def lending(graph: Graph, world: World) -> Iterator[str]:
    """Sixty people who share their history, refined."""
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, world)
    refine(graph, dataset, embedder=HashEmbedder())
    yield dataset
    drop_dataset(graph, dataset)


@pytest.mark.parametrize(("size", "ratio"), [(0, 0.25), (1, 1.0), (8, 0.0), (8, 0.25), (8, 0.5), (12, 1.0)])
def test_places_are_kept(size: int, ratio: float, graph: Graph, lending: str) -> None:
    """Never more than r items, never more borrowed ones than asked while own ones last, no item twice."""
    context = recall(graph, USER, ASKED, dataset=lending, settings=RecallSettings(size=size, ratio=ratio))
    assert len(context.items) <= size
    assert context.borrowed == sum(item.source != "own" for item in context.items)
    assert context.borrowed <= math.ceil(ratio * size)
    assert len({item.id for item in context.items}) == len(context.items)
    assert all(item.question != ASKED for item in context.items if item.source == "own")


@pytest.mark.parametrize("sharing", list(Sharing))
def test_only_what_is_shared_is_borrowed(sharing: Sharing, graph: Graph, dataset: str, world: World) -> None:
    """No collaborator's item below `distilled`, none of their raw history below `history`, no summary of `none`."""
    store(graph, dataset, world, sharing=sharing)
    refine(graph, dataset, embedder=HashEmbedder())
    items = recall(graph, USER, ASKED, dataset=dataset, settings=RecallSettings(size=20, ratio=0.9)).items
    lent = {item.layer for item in items if item.source == "collaborator"}
    if sharing.rank < Sharing.DISTILLED.rank:
        assert lent <= ({"induced"} if sharing is Sharing.INDUCED else set())
    if sharing.rank < Sharing.HISTORY.rank:
        assert "history" not in lent
    if sharing is Sharing.NONE:
        assert {item.source for item in items} <= {"own"}


def test_one_and_many_predict_alike(graph: Graph, lending: str, world: World) -> None:
    """A prediction alone is the one of the batch, and the same when it is asked again."""
    asked = [(person.id, ASKED) for person in world.people[:12]]
    many = predict_many(open_reading(graph, lending), asked, explain=True)
    for (user, question), made in zip(asked, many, strict=True):
        alone = predict(graph, user, question, dataset=lending)
        assert alone.model_dump_json() == made.model_dump_json()
        assert sum(alone.probabilities) == pytest.approx(1.0)


def test_an_answer_to_be_predicted_stops_an_evaluation(graph: Graph, lending: str, world: World) -> None:
    """LeakError where the graph holds one; nothing where it does not."""
    known = next(item for item in world.items if item.question is not None and item.option is not None)
    check_no_leak(graph, lending, [TestItem(user=USER, question=ASKED, option=0)])
    with pytest.raises(LeakError):
        check_no_leak(graph, lending, [TestItem(user=known.user, question=str(known.question), option=0)])
