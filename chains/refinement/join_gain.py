"""Whether the JOIN helps, and whether predictions are any good: measured on answers held out of the history.

All is learned once more without these answers, and they are predicted as they would be, by the same recall, without
the JOIN and at several composition ratios. Those who gave few answers are a segment of their own: they are stood in for
by people of whom nothing was learned and a few answers are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Signals
from persona_db.chains.fit.correlations import CorrelationModel, correlations_of
from persona_db.chains.fit.item_response import LEAST_ANSWERS
from persona_db.chains.fit.keys import make_keys, profiles
from persona_db.chains.fit.leanings import PersonLeanings, leanings
from persona_db.chains.fit.learn import people_of
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.scale import LEAST_PROBABILITY
from persona_db.chains.fit.settings import FittedSettings, JoinGain
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.fit.summaries import summarise
from persona_db.chains.retrieval.join import TOP_K, Match
from persona_db.chains.retrieval.own_items import own_items_of
from persona_db.chains.retrieval.recall import BorrowFrom, RecallSettings, Sources, fill
from persona_db.chains.retrieval.rows import FactRow, ItemRow, UserRow
from persona_db.chains.statistical.predict import forecast
from persona_db.graph.ids import position_id
from persona_db.graph.models import Sharing
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from persona_db.graph.session import Graph

__all__ = ["measure_join_gain"]

Floats = NDArray[np.float64]
RATIOS = (0.2, 0.4, 0.7)
"""Composition ratios that are tried beside 0."""


SEGMENTS: Mapping[int, int | None] = {0: 2, 5: 10, 15: None}
"""Of people of whom at least so many answers are known, how many are left to those who stand for them; None: all."""


_LEAST_TESTS = 100
_LEAST_PEOPLE = 50
_COLD_PEOPLE = 150
_DRAWS = 1_000


@dataclass(frozen=True)
class _Fold:
    """A Fit without some answers: what prediction needs of it, in memory."""

    correlations: CorrelationModel
    population: Population
    table: AnswerTable
    """Of those whom it was learned from: not of the cold."""
    people: Sequence[PersonLeanings]
    ranks: NDArray[np.int64]
    """What each of them shares, as `Sharing.rank`."""
    profile: csr_array
    sources: Sources
    lending: set[int] = field(default_factory=set)

    def joined(self, user: str, own: PersonLeanings) -> list[Match]:
        """Return the user's closest collaborators as `join_many` does, after keeping what they share."""
        scores = (profiles([own.keys], self.correlations.keys) @ self.profile.T).toarray()[0]
        scores[self.ranks < Sharing.INDUCED.rank] = 0.0
        most = min(TOP_K, len(scores) - 1)
        first = np.argpartition(-scores, most)[: most + 1]
        first = first[np.argsort(-scores[first], kind="stable")]
        close = [row for row in first.tolist() if scores[row] > 0 and self.table.users[row] != user][:TOP_K]
        new = [row for row in close if row not in self.lending]
        self.lending.update(new)
        for row in new:
            shared = self.row(self.table.users[row], self.table.choice[row], (), self.people[row])
            self.sources.collaborator_items.add(
                [shared if self.ranks[row] >= Sharing.HISTORY.rank else replace(shared, items=())]
            )
        return [Match(self.table.users[row], "", float(scores[row])) for row in close]

    def row(
        self,
        user: str,
        answers: NDArray[np.int16],
        attributes: tuple[str, ...],
        own: PersonLeanings,
        *,
        asked: bool = False,
    ) -> UserRow:
        """Return a user as `read_personas` and `read_shared` do; *asked* with all their answers together."""
        traits = [leaning.key for leaning in own.keys if leaning.kind == "trait"]
        style = [own.style.key] if own.style.is_told else []
        told = asked and (answers >= 0).sum() >= LEAST_ANSWERS
        scores = self.population.response.scores(answers).tolist() if told else []
        computed = (*traits, *style, *([position_id()] if scores else []))
        return UserRow(
            user,
            items=[
                ItemRow(
                    f"{user} {column}", self.population.questions[column].id, int(answers[column]), "",
                    f"{column}={answers[column]}",
                )
                for column in np.flatnonzero(answers >= 0).tolist()
            ],
            facts=[FactRow(f"{user} {key}", "induced", key, None, None, "", key) for key in computed],
            attributes=attributes,
            traits=own.traits.tolist(),
            style=own.style.row,
            scores=scores,
            keys=[leaning.key for leaning in own.keys],
            shares=True,
        )  # fmt: skip


def measure_join_gain(
    graph: Graph,
    signals: Signals,
    settings: FittedSettings,
    *,
    ranks: Mapping[str, int],
    seed: int,
    progress: Progress = no_progress,
) -> tuple[JoinGain, ...]:
    """Return for each segment what the JOIN saves, and the composition ratio to use: 0 where it saves none.

    *signals* are of those whom a Fit learns from, *ranks* what each of them shares: nobody lends more. At most
    `lift_tests` answers are held out of those who gave over 15, and half as many of people who stand for each segment
    of sparse ones. None for a segment of under 100 tests, and none at all of under 50 people or where fewer tests are
    held out of those who gave many. Deterministic; nothing is read or written.
    """
    table = signals.table
    known = (table.choice >= 0).sum(axis=1)
    if settings.lift_tests == 0 or len(table.users) < _LEAST_PEOPLE:
        return ()
    rng = np.random.default_rng(seed)
    rich = rng.permutation(np.flatnonzero(known > max(SEGMENTS)))
    cold = np.sort(rich[: min(_COLD_PEOPLE, len(table.users) // 10)])
    warm = np.argwhere((table.choice >= 0) & np.isin(np.arange(len(known)), rich[len(cold) :])[:, None])
    warm = warm[np.sort(rng.permutation(len(warm))[: min(settings.lift_tests, len(warm) // 10)])]
    if len(warm) < _LEAST_TESTS:
        return ()
    progress("measuring what the JOIN adds", 0, None)
    fold = _without(graph, signals, settings, ranks=ranks, warm=warm, cold=cold)
    lifts = []
    for least, left in SEGMENTS.items():
        tests = list(_tests(table, warm, cold, left=left, most=settings.lift_tests // 2, rng=rng))
        if sum(len(asked) for _, _, asked in tests) < _LEAST_TESTS:
            continue
        predicted = [
            _predicted(fold, table.users[person], signals.attributes[person], row, table.choice[person], asked)
            for person, row, asked in tests
        ]
        lifts.append(_join_gain(least, predicted, rng=rng))
    return tuple(lifts)


def _without(
    graph: Graph,
    signals: Signals,
    settings: FittedSettings,
    *,
    ranks: Mapping[str, int],
    warm: NDArray[np.int64],
    cold: NDArray[np.int64],
) -> _Fold:
    """Learn all but the answers of *warm* cells and of *cold* users."""
    outer = signals.table.without(warm)
    outer.choice[cold] = -1
    rows = np.setdiff1d(np.arange(len(outer.users)), cold)
    table = AnswerTable(tuple(outer.users[row] for row in rows), outer.questions, outer.choice[rows])
    part = replace(
        signals,
        table=table,
        attributes=tuple(signals.attributes[row] for row in rows),
        terms=None if signals.terms is None else signals.terms[rows],
    )
    population = fit_population(table, wording=signals.wording, settings=settings).with_responses(table.choice)
    people, held = people_of(population, part)
    traits = np.array([one.traits for one in people]).reshape(len(people), population.loadings.shape[1])
    keys = make_keys(population, held, traits, {})
    summaries = summarise(table, population, keys, held, most=settings.links)
    correlations = correlations_of(Snapshot(graph, "", "", "", settings), population, keys, summaries)
    shared = np.array([ranks[user] for user in table.users], dtype=np.int64)
    return _Fold(correlations, population, table, people, shared, profiles(held, keys), Sources.of(correlations))


def _tests(
    table: AnswerTable,
    warm: NDArray[np.int64],
    cold: NDArray[np.int64],
    *,
    left: int | None,
    most: int,
    rng: np.random.Generator,
) -> Iterator[tuple[int, NDArray[np.int16], Sequence[int]]]:
    """Yield users, what is known of them and the questions asked: of *warm* all of them, of *cold* some."""
    if left is None:
        outer = table.without(warm)
        for person in np.unique(warm[:, 0]).tolist():
            yield person, outer.choice[person], warm[warm[:, 0] == person, 1].tolist()
        return
    for person in cold.tolist():
        answered = rng.permutation(np.flatnonzero(table.choice[person] >= 0))
        row = np.full(table.choice.shape[1], -1, dtype=table.choice.dtype)
        row[answered[:left]] = table.choice[person, answered[:left]]
        yield person, row, answered[left : left + max(most // len(cold), 1)].tolist()


@dataclass(frozen=True)
class _Predicted:
    """How well one user's held-out answers were predicted (questions x ratios, the first without the JOIN)."""

    losses: Floats
    right: NDArray[np.bool_]
    usual: NDArray[np.bool_]
    """Whether everybody's commonest answer is right, one a question."""


def _predicted(
    fold: _Fold,
    user: str,
    attributes: tuple[str, ...],
    row: NDArray[np.int16],
    truth: NDArray[np.int16],
    asked: Sequence[int],
) -> _Predicted:
    """Predict what one user answered to the questions *asked*, at each ratio."""
    correlations, population = fold.correlations, fold.population
    one = leanings(population, row, attributes)
    settings = RecallSettings()
    own = own_items_of(correlations, fold.row(user, row, attributes, one, asked=True), settings.layers)
    borrow_from = BorrowFrom(fold.joined(user, one))
    losses = np.zeros((len(asked), 1 + len(RATIOS)))
    right = np.zeros(losses.shape, dtype=bool)
    for place, column in enumerate(asked):
        question = population.questions[column]
        filled = fill(fold.sources, own, question, borrow_from, settings, ratios=(0.0, *RATIOS))
        for at, items in enumerate(filled):
            likely = forecast(correlations, question.id, items).probabilities
            losses[place, at] = -np.log(max(float(likely[truth[column]]), LEAST_PROBABILITY))
            right[place, at] = likely.argmax() == truth[column]
    usual = [population.scales[column].rates.argmax() == truth[column] for column in asked]
    return _Predicted(losses, right, np.array(usual, dtype=bool))


def _join_gain(least: int, predicted: Sequence[_Predicted], *, rng: np.random.Generator) -> JoinGain:
    """Choose the ratio of least log loss, and give what choosing it saves, with an interval over users.

    What it saves is measured crosswise: for each half of the users at the ratio that is best for the other half, since
    the best of several looks good on the very answers that it was chosen by. How many answers are predicted is that of
    the ratio chosen.
    """
    saved = np.array([(one.losses[:, :1] - one.losses[:, 1:]).sum(axis=0) for one in predicted])
    asked = np.array([len(one.losses) for one in predicted])
    half = rng.permutation(len(predicted)) % 2
    by_user = np.zeros(len(predicted))
    for one in (0, 1):
        by_user[half == one] = saved[half == one, saved[half != one].sum(axis=0).argmax()]
    mean = float(by_user.sum() / asked.sum())
    best = int(saved.sum(axis=0).argmax()) if mean > 0 else None
    right = np.array([one.right[:, 0 if best is None else 1 + best].sum() for one in predicted])
    usual = np.array([one.usual.sum() for one in predicted])
    drawn = rng.integers(len(predicted), size=(_DRAWS, len(predicted)))
    each = asked[drawn].sum(axis=1)
    low, high = np.percentile(by_user[drawn].sum(axis=1) / each, [2.5, 97.5])
    least_more, most_more = np.percentile((right - usual)[drawn].sum(axis=1) / each, [2.5, 97.5])
    return JoinGain(
        known=least,
        ratio=0.0 if best is None else RATIOS[best],
        saved=round(mean, 6),
        low=round(float(low), 6),
        high=round(float(high), 6),
        tests=int(asked.sum()),
        right=round(float(right.sum() / asked.sum()), 6),
        usual=round(float(usual.sum() / asked.sum()), 6),
        more=(round(float(least_more), 6), round(float(most_more), 6)),
    )
