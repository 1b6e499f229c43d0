"""The JOIN's lift is measured without what it is measured on, and decides how much is borrowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict, recall, refine
from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.correlations import CorrelationModel, correlations_of, load_correlations
from persona_db.chains.fit.learn import learn
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import USUAL_RATIO, EngineSettings, FittedSettings, JoinGain
from persona_db.chains.fit.tuning import choose_settings
from persona_db.chains.refinement.join_gain import RATIOS, SEGMENTS, _join_gain, _Predicted, measure_join_gain
from persona_db.chains.refinement.report import RefineReport
from persona_db.chains.results import Recalled
from persona_db.chains.retrieval.own_items import Own, own_items_of
from persona_db.chains.retrieval.recall import Sources, fill
from persona_db.chains.retrieval.rows import Layer, UserRow
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.models import Question, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, make_survey, signals_of, store

EMBEDDER = HashEmbedder()
SURVEY = make_survey(people=120, questions=60)
SETTINGS = EngineSettings(lift_tests=300)
FITTED = FittedSettings.of(SETTINGS)
RANKS = {person.id: Sharing.HISTORY.rank for person in SURVEY.people}


@dataclass(frozen=True)
class Measured:
    """A refined dataset that tests only read."""

    graph: Graph
    dataset: str
    report: RefineReport

    @property
    def lifts(self) -> tuple[JoinGain, ...]:
        return open_snapshot(self.graph, self.dataset).settings.lifts


@pytest.fixture(scope="module")
def measured(graph: Graph) -> Iterator[Measured]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, SURVEY)
    yield Measured(graph, dataset, refine(graph, dataset, embedder=EMBEDDER, settings=SETTINGS))
    drop_dataset(graph, dataset)


def test_what_is_known_in_memory_is_what_is_stored(measured: Measured) -> None:
    """The lift is measured by what a prediction would read: the same matrix, links and counts."""
    snapshot = open_snapshot(measured.graph, measured.dataset)
    stored = load_correlations(snapshot, SURVEY.questions, vectors={})
    learned = learn(signals_of(SURVEY), SETTINGS, seed=0)
    known = correlations_of(snapshot, learned.population, learned.keys, learned.summaries)
    order = [known.place[question] for question in stored.place]
    order += [known.of_key(key) for key in stored.keys]  # type: ignore[misc]
    order += list(range(len(order), len(known.matrix)))
    np.testing.assert_allclose(known.matrix[np.ix_(order, order)], stored.matrix, atol=1e-12)
    assert known.counts == stored.counts


def test_lifts_are_measured_for_segments_and_again_the_same(measured: Measured) -> None:
    """A refit gives the same; the ratio is 0 where nothing is saved, and above 0 where the saving is beyond chance."""
    assert [lift.known for lift in measured.lifts] == list(SEGMENTS)
    for lift in measured.lifts:
        assert lift.low <= lift.saved <= lift.high
        assert 0 <= lift.ratio <= max(RATIOS)
        assert lift.ratio == 0 or lift.saved > 0
        assert lift.ratio > 0 or lift.low <= 0
        assert lift.right is not None
        assert lift.usual is not None
        assert lift.more is not None
        assert lift.more[0] <= lift.right - lift.usual <= lift.more[1]
        assert f"{100 * lift.right:.1f} % of {lift.tests:,} held-out answers are predicted" in lift.skill
        assert ("within chance" in lift.skill) == (lift.more[0] <= 0)
    again = measure_join_gain(measured.graph, signals_of(SURVEY), plain(measured), ranks=RANKS, seed=0)
    assert again == measured.lifts


def test_answers_that_are_predicted_are_not_learned_from(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the Fit nor the user's own items have them; of users who stand for sparse ones nothing is learned."""
    learned: list[AnswerTable] = []
    predicted: list[tuple[str, str]] = []
    own: list[UserRow] = []

    def fitted(table: AnswerTable, **how: Any) -> Population:
        learned.append(table)
        return fit_population(table, **how)

    def items_of(correlations: CorrelationModel, row: UserRow, layers: frozenset[Layer]) -> Own:
        own.append(row)
        return own_items_of(correlations, row, layers)

    def filled(sources: Sources, items: Own, question: Question, *given: Any, **how: Any) -> Iterator[list[Recalled]]:
        predicted.append((own[-1].user, question.id))
        assert question.id not in {item.question for item in own[-1].items}
        return fill(sources, items, question, *given, **how)

    for name, function in (("fit_population", fitted), ("own_items_of", items_of), ("fill", filled)):
        monkeypatch.setattr(f"persona_db.chains.refinement.join_gain.{name}", function)
    measure_join_gain(measured.graph, signals_of(SURVEY), plain(measured), ranks=RANKS, seed=0)
    [table] = learned
    row = {user: index for index, user in enumerate(table.users)}
    column = {question.id: index for index, question in enumerate(table.questions)}
    known = {pair for pair in predicted if pair[0] in row}
    assert min(len(known), len(set(predicted) - known)) > 100
    assert {int(table.choice[row[user], column[question]]) for user, question in known} == {-1}


def test_nothing_is_to_be_borrowed_from_shuffled_answers(measured: Measured) -> None:
    """In no segment does the interval of what the JOIN saves lie above 0, with settings chosen on these answers."""
    rng = np.random.default_rng(3)
    signals = signals_of(SURVEY)
    choice = signals.table.choice.copy()
    for column in choice.T:
        answered = np.flatnonzero(column >= 0)
        column[answered] = rng.permutation(column[answered])
    shuffled = replace(signals, table=replace(signals.table, choice=choice))
    chosen = choose_settings(shuffled.table, wording=shuffled.wording, settings=SETTINGS, seed=0)
    gains = measure_join_gain(measured.graph, shuffled, chosen, ranks=RANKS, seed=0)
    assert [gain.known for gain in gains] == list(SEGMENTS)
    assert [gain.known for gain in gains if gain.low > 0] == []
    assert all("the difference is within chance" in gain.skill for gain in gains)


def test_the_best_of_several_ratios_is_not_praised_by_the_answers_that_chose_it() -> None:
    """Of three ratios that save nothing but noise the best seems to save; measured crosswise 0 lies in the interval."""
    rng = np.random.default_rng(7)
    naive, gains = [], []
    for _ in range(200):
        losses = [rng.normal(size=(4, 1 + len(RATIOS))) for _ in range(40)]
        saved = np.concatenate(losses)
        naive.append((saved[:, :1] - saved[:, 1:]).mean(axis=0).max())
        predicted = [_Predicted(one, one < 0, np.zeros(4, dtype=bool)) for one in losses]
        gains.append(_join_gain(0, predicted, rng=rng))
    saving = [gain.saved for gain in gains]
    assert np.mean(naive) > 5 * abs(np.mean(saving))
    assert abs(np.mean(saving)) < 3 * np.std(saving) / np.sqrt(len(saving))
    assert np.mean([gain.low > 0 for gain in gains]) < 0.06


def test_nobody_lends_more_than_they_share(measured: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those who share counts alone no items are borrowed, of those who share traits no answers."""
    lent: dict[str, set[str]] = {}

    def seen(*given: Any, **how: Any) -> Any:
        for items in fill(*given, **how):
            lent.setdefault(level, set()).update(item.layer for item in items if item.source == "collaborator")
            yield items

    monkeypatch.setattr("persona_db.chains.refinement.join_gain.fill", seen)
    for level in ("keys", "induced", "history"):
        ranks = dict.fromkeys(RANKS, Sharing(level).rank)
        measure_join_gain(measured.graph, signals_of(SURVEY), plain(measured), ranks=ranks, seed=0)
    assert lent == {"keys": set(), "induced": {"induced"}, "history": {"history", "induced"}}


@pytest.mark.parametrize("settings", [FittedSettings(lift_tests=0), FittedSettings(lift_tests=50)])
def test_too_few_tests_measure_nothing(measured: Measured, settings: FittedSettings) -> None:
    """Under 100 held-out answers a segment is left as it is."""
    assert measure_join_gain(measured.graph, signals_of(SURVEY), settings, ranks=RANKS, seed=0) == ()


def test_too_few_people_measure_nothing(measured: Measured) -> None:
    """Under 50 people neither."""
    few = SURVEY.only([person.id for person in SURVEY.people[:49]])
    assert measure_join_gain(measured.graph, signals_of(few), FITTED, ranks=RANKS, seed=0) == ()


def test_the_ratio_follows_what_was_measured(graph: Graph, dataset: str) -> None:
    """As much is borrowed as the Fit decided for those of whom so much is known, unless the caller says how much."""
    world = sparse(SURVEY, "u000", left=3)
    store(graph, dataset, world)
    refine(graph, dataset, settings=EngineSettings(lift_tests=0), embedder=EMBEDDER)
    assert open_snapshot(graph, dataset).settings.lifts == ()
    undecided = recall(graph, "u000", "q59", dataset=dataset)
    assert (undecided.ratio, undecided.decided) == (USUAL_RATIO, "")

    rows = graph.read("fit_for", dataset=dataset, as_of=None)
    settings = FittedSettings.model_validate_json(rows[0]["settings"])
    lifts = (
        JoinGain(known=0, ratio=0.0, saved=-0.01, low=-0.02, high=0.01, tests=150),
        JoinGain(known=20, ratio=0.7, saved=0.02, low=0.01, high=0.03, tests=300),
    )
    graph.driver.execute_query(
        "MATCH (f:Fit {dataset: $dataset, id: $fit}) SET f.settings = $settings",
        dataset=dataset, fit=rows[0]["fit"], database_=graph.database,
        settings=settings.model_copy(update={"lifts": lifts}).model_dump_json(),
    )  # fmt: skip
    for user, lift in (("u000", lifts[0]), ("u001", lifts[1])):
        made = predict(graph, user, "q59", dataset=dataset)
        assert (made.ratio, made.decided) == (lift.ratio, lift.told)
        assert (made.borrowed == 0) == (lift.ratio == 0)
        asked = recall(graph, user, "q59", dataset=dataset, settings=RecallSettings(ratio=0.25, size=8))
        assert (asked.ratio, asked.decided) == (0.25, "")
    assert "nothing is borrowed" in lifts[0].told
    assert "70 % of the places" in lifts[1].told


def plain(measured: Measured) -> FittedSettings:
    """The Fit's settings as they were when the lift was measured."""
    return open_snapshot(measured.graph, measured.dataset).settings.model_copy(update={"lifts": ()})


def sparse(world: World, user: str, *, left: int) -> World:
    """The same world, where one user gave few answers."""
    own = [item for item in world.items if item.user == user]
    kept = {item.id for item in own[:left]}
    return replace(world, items=tuple(item for item in world.items if item.user != user or item.id in kept))
