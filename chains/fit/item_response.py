"""Item response: how likely each option is for a person, from all their answers together.

An answer is a sequence of steps: whether it is on the scale at all, then at each option from low to high whether it is
that one or goes beyond it (the sequential model of item response theory, Tutz 1990). The log odds of a step are linear
in a few scores of the person. A step has loadings of its own, so options need not lie on one line, nor in an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.scale import LEAST_PROBABILITY, Scale

__all__ = ["LEAST_ANSWERS", "NO_ITEM_RESPONSE", "ItemResponse", "chances", "fit_item_response"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_ANSWERS = 5
"""Of a person, for a fact about all of them together."""

_SCORES = 10  # these and the rounds were chosen on answers held out of the history of Bowling Green, GSS and the Senate
_ROUNDS, _ROUNDS_OF_ONE = 20, 8
_LEAST_PEOPLE = 30
_MOST_PEOPLE = 5_000
_PEOPLE_AT_ONCE = 500
_START = 0.3
_LEAST_VARIANCE = 1e-4
_ALIKE_FROM = 3  # rounds before the prior of loadings is learned
_OFF, _ON = 0, 1  # sorts of steps, each with a prior of its own


@dataclass(frozen=True)
class _Step:
    """One decision on the way to an option: those of *further* against the others of *among*."""

    question: int
    further: tuple[int, ...]
    among: tuple[int, ...]
    sort: int


@dataclass(frozen=True)
class ItemResponse:
    """What a Fit knows of each question's steps: rows of loadings, the intercept last; none where nothing is known."""

    scales: tuple[Scale, ...]
    steps: tuple[Floats, ...]

    def scores(self, choice: NDArray[np.int16]) -> Floats:
        """Return a person's scores from their row of answers (option indexes, -1 without one); none without a model.

        They are posterior means, near 0 where little is known.
        """
        told, numbers = self._taken(choice)
        size = self._size
        found, seconds = np.zeros(size), np.eye(size)
        if not len(told):
            return found
        loadings, intercepts = numbers[:, :-1], numbers[:, -1]
        for _ in range(_ROUNDS_OF_ONE):
            square = np.einsum("si,ij,sj->s", loadings, seconds, loadings)
            weight = _weight(square + 2 * intercepts * (loadings @ found) + intercepts**2)
            spread = np.linalg.inv((loadings * weight[:, None]).T @ loadings + np.eye(size))
            found = spread @ (loadings.T @ (told - 0.5 - weight * intercepts))
            seconds = np.outer(found, found) + spread
        return np.round(found, 6)

    def row(self, question: int) -> list[float]:
        """Return the numbers that the graph keeps of a question; none where nothing is known."""
        return [] if not self.steps else [float(number) for number in self.steps[question].ravel()]

    @classmethod
    def of_rows(cls, scales: Sequence[Scale], rows: Sequence[Sequence[float]]) -> ItemResponse:
        """Return what `row` gave of each question."""
        steps = []
        for scale, row in zip(scales, rows, strict=True):
            count = len(list(_steps_of(0, scale)))
            steps.append(np.array(row, dtype=np.float64).reshape(count, -1) if row and count else np.zeros((0, 0)))
        return cls(tuple(scales), tuple(steps))

    @cached_property
    def _size(self) -> int:
        return max((found.shape[1] - 1 for found in self.steps if len(found)), default=0)

    @cached_property
    def _ways(self) -> tuple[tuple[_Step, ...], ...]:
        return tuple(tuple(_steps_of(row, scale)) for row, scale in enumerate(self.scales))

    def _taken(self, choice: NDArray[np.int16]) -> tuple[Floats, Floats]:
        """Return the outcome of each step that a person came to, and its numbers."""
        told, numbers = [], []
        for question in np.flatnonzero(choice >= 0).tolist() if self._size else ():
            option = int(choice[question])
            for step, row in zip(self._ways[question], self.steps[question], strict=False):
                if option in step.among:
                    told.append(float(option in step.further))
                    numbers.append(row)
        return np.array(told), np.array(numbers).reshape(len(told), self._size + 1)


NO_ITEM_RESPONSE = ItemResponse((), ())
"""That of a Fit which knows nothing of the kind."""


def chances(scale: Scale, steps: Floats, scores: Sequence[float] | Floats) -> Floats:
    """Return the probabilities of a question's options for a person of these scores; they sum to 1.

    Options that no step tells apart keep their proportions to each other.
    """
    made = scale.rates.copy()
    for step, row in zip(_steps_of(0, scale), steps, strict=True):
        chance = float(1 / (1 + np.exp(-(row[:-1] @ np.asarray(scores) + row[-1]))))
        others = [option for option in step.among if option not in step.further]
        mass = made[list(step.among)].sum()
        for options, share in ((list(step.further), chance), (others, 1 - chance)):
            made[options] *= mass * share / max(made[options].sum(), 1e-12)
    made = np.maximum(made, LEAST_PROBABILITY)
    return np.asarray(made / made.sum())


def fit_item_response(scales: Sequence[Scale], choice: NDArray[np.int16]) -> ItemResponse:
    """Learn the steps of all questions from answers (users x questions, option indexes, -1 without one).

    Variational Bayes for logistic models (Jaakkola and Jordan 2000): 20 rounds over 5,000 people at most, drawn with a
    fixed seed; loadings are pulled to what those of all steps have in common, by as much as they vary. Nothing is known
    among fewer than 30 people. Deterministic; linear in people and steps.
    """
    people = np.flatnonzero((choice >= 0).any(axis=1))
    if len(people) < _LEAST_PEOPLE:
        return ItemResponse(tuple(scales), tuple(np.zeros((0, 0)) for _ in scales))
    if len(people) > _MOST_PEOPLE:
        people = np.sort(np.random.default_rng(0).permutation(people)[:_MOST_PEOPLE])
    ways = [tuple(_steps_of(row, scale)) for row, scale in enumerate(scales)]
    steps = [step for way in ways for step in way]
    given = choice[people]
    reached = np.zeros((len(people), len(steps)), dtype=bool)
    further = np.zeros_like(reached)
    for column, step in enumerate(steps):
        answer = given[:, step.question]
        reached[:, column] = np.isin(answer, step.among)
        further[:, column] = np.isin(answer, step.further)
    numbers = iter(np.round(_learn(reached, further, np.array([step.sort for step in steps])), 6))
    return ItemResponse(
        tuple(scales),
        tuple(
            np.array([next(numbers) for _ in way]).reshape(len(way), -1) if way else np.zeros((0, 0)) for way in ways
        ),
    )


def _steps_of(question: int, scale: Scale) -> Iterator[_Step]:
    order = scale.order
    off = tuple(option for option in range(len(scale.rates)) if option not in order)
    if off and order:
        yield _Step(question, off, tuple(range(len(scale.rates))), _OFF)
    for place in range(1, len(order)):
        yield _Step(question, order[place:], order[place - 1 :], _ON)


def _weight(squares: Floats) -> Floats:
    """Return the weight of an observation whose log odds have these expected squares: 1/4 at 0, less far from it."""
    odds = np.sqrt(np.maximum(squares, 1e-9))
    return np.asarray(np.tanh(odds / 2) / (2 * odds))


def _learn(reached: Mask, further: Mask, sorts: NDArray[np.int64]) -> Floats:
    """Return the loadings and intercept of each step (steps x scores + 1)."""
    people, size = reached.shape
    wide = _SCORES + 1
    rng = np.random.default_rng(0)
    scores, spreads = rng.normal(0, _START, (people, _SCORES)), np.tile(np.eye(_SCORES) / 2, (people, 1, 1))
    share = (further.sum(axis=0) + 1) / (reached.sum(axis=0) + 2)
    means = np.column_stack([rng.normal(0, _START, (size, _SCORES)), np.log(share / (1 - share))])
    uncertain = np.tile(np.eye(wide) / 10, (size, 1, 1))
    middle = np.zeros((2, wide))
    variance = np.full((2, wide), 0.25)
    variance[:, -1] = 4.0
    for turn in range(_ROUNDS):
        precision, pulled = np.zeros((size, wide * wide)), np.zeros((size, wide))
        steps = (means[:, :, None] * means[:, None, :] + uncertain).reshape(size, -1)
        for start in range(0, people, _PEOPLE_AT_ONCE):
            some = slice(start, start + _PEOPLE_AT_ONCE)
            own, seconds = _moments(scores[some], spreads[some])
            weight = np.where(reached[some], _weight(seconds @ steps.T), 0.0)
            precision += weight.T @ seconds
            pulled += np.where(reached[some], further[some] - 0.5, 0.0).T @ own
        prior = variance[sorts]
        uncertain = np.linalg.inv(precision.reshape(size, wide, wide) + np.eye(wide) / prior[:, :, None])
        means = np.einsum("sij,sj->si", uncertain, pulled + middle[sorts] / prior)
        steps = (means[:, :, None] * means[:, None, :] + uncertain).reshape(size, wide, wide)
        for start in range(0, people, _PEOPLE_AT_ONCE):
            some = slice(start, start + _PEOPLE_AT_ONCE)
            own, seconds = _moments(scores[some], spreads[some])
            weight = np.where(reached[some], _weight(seconds @ steps.reshape(size, -1).T), 0.0)
            known = (weight @ steps[:, :-1, :-1].reshape(size, -1)).reshape(len(own), _SCORES, _SCORES)
            spreads[some] = np.linalg.inv(known + np.eye(_SCORES))
            told = np.where(reached[some], further[some] - 0.5, 0.0) @ means[:, :-1] - weight @ steps[:, :-1, -1]
            scores[some] = np.einsum("uij,uj->ui", spreads[some], told)
        if turn >= _ALIKE_FROM:
            scores, spreads, means, uncertain = _standardised(scores, spreads, means, uncertain)
            for sort in (_OFF, _ON):
                of_it = sorts == sort
                if of_it.any():
                    middle[sort] = means[of_it].mean(axis=0)
                    apart = (means[of_it] - middle[sort]) ** 2 + np.einsum("sii->si", uncertain[of_it])
                    variance[sort] = np.maximum(apart.mean(axis=0), _LEAST_VARIANCE)
    return means


def _moments(scores: Floats, spreads: Floats) -> tuple[Floats, Floats]:
    """Return people's scores with a 1 behind them, and the expected products of these (people x wide squared)."""
    own = np.column_stack([scores, np.ones(len(scores))])
    seconds = own[:, :, None] * own[:, None, :]
    seconds[:, :-1, :-1] += spreads
    return own, seconds.reshape(len(own), -1)


def _standardised(
    scores: Floats, spreads: Floats, means: Floats, uncertain: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the same with scores of mean 0 and variance 1 that do not correlate; no log odds change."""
    middle = scores.mean(axis=0)
    apart = scores - middle
    root = np.linalg.cholesky((apart.T @ apart + spreads.sum(axis=0)) / len(scores))
    back = np.linalg.inv(root)
    turn = np.eye(len(middle) + 1)
    turn[:-1, :-1], turn[-1, :-1] = root.T, middle
    return apart @ back.T, back @ spreads @ back.T, means @ turn.T, turn @ uncertain @ turn.T
