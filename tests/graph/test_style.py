"""Response style in the graph: who often passes is predicted to pass, it is said so with the count, and shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from persona_db.chains import RecallSettings, predict, recall, refine
from persona_db.chains.fit.correlations import load_correlations
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.results import Prediction, tells_style
from persona_db.chains.statistical.predict import predict_contexts
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.graph.session import Graph
from tests.synthetic import World, answer, rows, store

EMBEDDER = HashEmbedder()
OPTIONS, ORDINAL = ("no", "pass", "yes"), (0.0, None, 1.0)
TARGET = "q00"


@dataclass(frozen=True)
class Passing:
    """People of even number pass on seven in ten questions, the others on one in ten; nobody was asked the target
    of the first two."""

    graph: Graph
    dataset: str
    items: tuple[HistoryItem, ...]

    def predict(self, user: str, **how: Any) -> Prediction:
        settings = RecallSettings(**how)
        return predict(self.graph, user, TARGET, dataset=self.dataset, settings=settings)

    def counts(self, user: str) -> tuple[int, int]:
        own = [item.option for item in self.items if item.user == user]
        return own.count(1), len(own)


@pytest.fixture(scope="module")
def passing(graph: Graph) -> Iterator[Passing]:
    rng = np.random.default_rng(4)
    asked = [Question(id=f"q{n:02}", text=f"More of {n}?", options=OPTIONS, ordinal=ORDINAL) for n in range(20)]
    people = [Person(id=f"u{row:02}") for row in range(60)]
    items = []
    for row, person in enumerate(people):
        for column, one in enumerate(asked):
            if one.id == TARGET and row < 2:
                continue
            passes = rng.random() < (0.7 if row % 2 == 0 else 0.1)
            if row < 2:  # exactly so often as they are to
                passes = bool(column % 7) if row == 0 else column == 1
            option = 1 if passes else 2 * int(rng.integers(0, 2))
            items.append(answer(person.id, one, option))
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, World(tuple(asked), tuple(people), tuple(items)))
    refine(graph, dataset, embedder=EMBEDDER)
    yield Passing(graph, dataset, tuple(items))
    drop_dataset(graph, dataset)


def test_who_often_passes_is_predicted_to_pass(passing: Passing) -> None:
    often, rarely = passing.predict("u00"), passing.predict("u01")
    assert often.answer == "pass"
    assert often.probabilities[1] > 0.5
    assert rarely.probabilities[1] < 0.25
    assert sum(often.probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize("user", ["u00", "u01"])
def test_the_reason_is_the_count_of_their_own_answers(passing: Passing, user: str) -> None:
    made = passing.predict(user)
    off, asked = passing.counts(user)
    told = f"Answers \u201cpass\u201d in {off} of {asked} answers"
    reason = next(one for one in made.evidence if one.text == told)
    assert reason.source == "own"
    assert reason.points > 0  # it speaks for what is predicted: a pass of the one, a side of the other
    assert told in made.explanation


def test_its_points_are_what_is_lost_without_it(passing: Passing) -> None:
    made = passing.predict("u00")
    snapshot = open_snapshot(passing.graph, passing.dataset)
    context = recall(passing.graph, "u00", TARGET, dataset=passing.dataset)
    without = context.model_copy(update={"items": tuple(item for item in context.items if not tells_style(item))})
    correlations = load_correlations(snapshot, [context.question], vectors={})
    [bare] = predict_contexts(correlations, [without], explain=False)
    reason = next(one for one in made.evidence if one.text.startswith("Answers"))
    assert reason.points == pytest.approx(100 * (made.probabilities[1] - bare.probabilities[1]), abs=1.0)


def test_it_takes_one_of_the_slots(passing: Passing) -> None:
    for size in (1, 4, 10):
        context = recall(
            passing.graph, "u00", TARGET, dataset=passing.dataset, settings=RecallSettings(size=size, ratio=0.0)
        )
        assert [tells_style(item) for item in context.items] == [True] + [False] * (len(context.items) - 1)
        assert len(context.items) <= size


def test_it_is_a_key_that_people_share_and_its_answers_support_it(passing: Passing) -> None:
    held = rows(
        passing.graph,
        "MATCH (u:User {dataset: $dataset})-[:HOLDS]->(k:CacheKey {kind: 'style'}) RETURN u.id AS user, k.name AS name",
        dataset=passing.dataset,
    )
    names = {row["user"]: row["name"] for row in held}
    assert names["u00"] == "Often answers \u201cpass\u201d"
    assert names["u01"] == "Rarely answers \u201cpass\u201d"
    assert {int(user[1:]) % 2 for user, name in names.items() if name.startswith("Often")} == {0}
    supports = rows(
        passing.graph,
        "MATCH (f:Fact {dataset: $dataset, user: 'u00', key: 'style:often'})-[:DERIVED_FROM]->(h) RETURN h.option AS o",
        dataset=passing.dataset,
    )
    assert supports
    assert {row["o"] for row in supports} == {1}
