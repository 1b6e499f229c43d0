"""A read as of a date is that of a graph in which nothing was said later (design of the graph, "Time")."""

from __future__ import annotations

from dataclasses import replace

import pytest

from persona_db.chains.prediction.predict import predict
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import NoFitError
from persona_db.graph.ingest import store_items
from persona_db.graph.session import Graph
from tests.synthetic import World, answer, make_world, store

TARGET, ASKED, DATE = "u03", "q09", "2010-12-31"


def _before_and_after() -> tuple[World, World]:
    """A world up to the date without the target's answer, and the same with later answers that would flip it."""
    world = make_world(dated=True).until(DATE).without(TARGET, ASKED)
    asked = next(question for question in world.questions if question.id == ASKED)
    last = len(asked.options) - 1
    later = [answer(TARGET, asked, last, at="2019-01-01")]
    for person in world.people:
        for question in world.questions:
            if question.id != ASKED and world.answer(person.id, question.id) is None:
                later.append(answer(person.id, question, 0, at="2018-05-05"))
    return world, replace(world, items=(*world.items, *later))


def _as_of(graph: Graph, dataset: str) -> str:
    return predict(graph, TARGET, ASKED, dataset=dataset, as_of=DATE).model_dump_json()


def test_later_answers_folded_in_change_nothing_before(graph: Graph, dataset: str) -> None:
    """Answers planted after the Fit, the user's own and everybody's, leave the earlier prediction byte-equal."""
    world, planted = _before_and_after()
    store(graph, dataset, world)
    refine(graph, dataset, as_of=DATE)
    refine(graph, dataset)
    expected = _as_of(graph, dataset)
    store_items(graph, dataset, planted.items)
    folded = refine(graph, dataset)
    assert folded.users > 0
    assert predict(graph, TARGET, ASKED, dataset=dataset).model_dump_json() != expected
    assert _as_of(graph, dataset) == expected


def test_a_fit_of_the_past_knows_nothing_later(graph: Graph, dataset: str) -> None:
    """A Fit made as of a date in a graph with later answers predicts what it predicts in a graph without them."""
    world, planted = _before_and_after()
    store(graph, dataset, world)
    refine(graph, dataset, as_of=DATE)
    expected = _as_of(graph, dataset)
    other = f"{dataset}-planted"
    try:
        store(graph, other, planted)
        refine(graph, other)
        refine(graph, other, as_of=DATE)
        assert _as_of(graph, other) == expected
    finally:
        drop_dataset(graph, other)


def test_a_date_that_no_fit_reaches_is_told(graph: Graph, dataset: str) -> None:
    """The error names the command that makes such a Fit."""
    world, _ = _before_and_after()
    store(graph, dataset, world)
    refine(graph, dataset)
    with pytest.raises(NoFitError, match=r"refine .*--as-of 1999-01-01"):
        predict(graph, TARGET, ASKED, dataset=dataset, as_of="1999-01-01")
