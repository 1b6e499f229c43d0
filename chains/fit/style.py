"""Response style: who gives answers that are no point of the scale, such as "pass" or "don't know".

Such an answer is no opinion in the middle. How often a person gives one is a habit, and how often a question gets one
is a property of the question: log odds that add up (Rasch 1960). What these two leave is explained by a few factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.factors import factor_loadings, factor_scores
from persona_db.chains.fit.scale import on_scale
from persona_db.graph.ids import style_id

__all__ = ["NO_HABIT", "NO_STYLE", "PersonStyle", "ResponseStyle", "fit_style", "log_odds_off"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_FACTORS, _FACTOR_PRIOR = (
    10,
    150.0,
)  # these and the share were chosen on answers held out of the history of conversations
_SHARE_OF_FACTORS = 0.9
_LEAST_PEOPLE, _LEAST_OFF = 30, 30
_LEAST_ASKED = 5
_LEAST_DEVIATION = 0.1
_ROUNDS, _SETTLED = 40, 1e-3
_LEAST_ODDS, _MOST_ODDS = -6.0, 6.0


@dataclass(frozen=True)
class PersonStyle:
    """How a person uses options off the scale: in `off` of `asked` answers to questions that have some.

    `habit` is the log odds beyond those of somebody average, near 0 where little is known; `scores` are on the factors.
    """

    asked: int = 0
    off: int = 0
    habit: float = 0.0
    scores: tuple[float, ...] = ()

    @property
    def row(self) -> list[float]:
        """The numbers that the graph keeps; none of someone who was never asked."""
        return [float(self.asked), float(self.off), self.habit, *self.scores] if self.asked else []

    @property
    def key(self) -> str:
        """The id of the cache key that the habit leans to, clearly or not."""
        return style_id(often=self.habit > 0)

    @property
    def is_told(self) -> bool:
        """Whether enough was asked for a fact: five questions that have an option off the scale."""
        return self.asked >= _LEAST_ASKED

    @classmethod
    def of_row(cls, row: Sequence[float]) -> PersonStyle:
        """Return what `row` gave."""
        return cls(int(row[0]), int(row[1]), float(row[2]), tuple(map(float, row[3:]))) if row else cls()


NO_HABIT = PersonStyle()
"""That of somebody who was never asked."""


@dataclass(frozen=True)
class ResponseStyle:
    """What a Fit knows of answers off the scale.

    `ease[question]` is the log odds of such an answer by somebody average, NaN where it is not known or the question
    has none; `unique` and `loadings` are those of the factors; `spread` is the standard deviation of people's habits.
    """

    ease: Floats
    unique: Floats
    loadings: Floats
    spread: float

    def of(self, off_scale: Mask, choice: NDArray[np.int16]) -> list[PersonStyle]:
        """Return everybody's style from their answers (users x questions, option indexes, -1 without one).

        `off_scale` says which options are off the scale (questions x options).
        """
        columns = np.flatnonzero(~np.isnan(self.ease))
        if not len(columns):
            return [NO_HABIT] * len(choice)
        given = choice[:, columns]
        asked = given >= 0
        off = asked & ~on_scale(off_scale[columns], given)
        ease = self.ease[columns]
        habits = np.zeros(len(given))
        for _ in range(_ROUNDS):
            step = _newton(off, asked, habits[:, None] + ease[None, :], habits, self.spread**2, axis=1)
            habits += step
            if np.abs(step).max(initial=0.0) < _SETTLED:
                break
        left = _residuals(off, asked, habits[:, None] + ease[None, :])
        scores = factor_scores(left, asked, self.loadings[columns], self.unique[columns])
        return [
            PersonStyle(int(n), int(k), round(float(habit), 6), tuple(round(float(s), 6) for s in row))
            for n, k, habit, row in zip(asked.sum(axis=1), off.sum(axis=1), habits, scores, strict=True)
        ]

    def row(self, question: int) -> list[float]:
        """Return the numbers that the graph keeps of a question; none where nothing is known."""
        if not len(self.ease) or np.isnan(self.ease[question]):
            return []
        return [float(self.ease[question]), float(self.unique[question]), *map(float, self.loadings[question])]

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[float]], *, spread: float) -> ResponseStyle:
        """Return what `row` gave of each question."""
        width = max(map(len, rows), default=0)
        table = np.full((len(rows), max(width, 2)), np.nan)
        for place, row in enumerate(rows):
            table[place, : len(row)] = row
        return cls(table[:, 0], np.nan_to_num(table[:, 1], nan=1.0), np.nan_to_num(table[:, 2:]), spread)


NO_STYLE = ResponseStyle(np.zeros(0), np.zeros(0), np.zeros((0, 0)), 0.0)
"""That of a Fit without questions."""


def log_odds_off(question: Sequence[float], person: PersonStyle) -> float:
    """Return the log odds that a person answers off the scale, from what the graph keeps of the question."""
    odds = question[0] + person.habit
    share = 1 / (1 + np.exp(-odds))
    deviation = max(float(np.sqrt(share * (1 - share))), _LEAST_DEVIATION)
    beyond = sum(loading * score for loading, score in zip(question[2:], person.scores, strict=False))
    return float(np.clip(odds + _SHARE_OF_FACTORS * beyond / deviation, _LEAST_ODDS, _MOST_ODDS))


def fit_style(off_scale: Mask, choice: NDArray[np.int16]) -> ResponseStyle:
    """Learn the response style from everybody's answers; deterministic, linear in the answers.

    Nothing is known of any question among fewer than 30 people or 30 answers off the scale.
    """
    size = len(off_scale)
    nothing = ResponseStyle(np.full(size, np.nan), np.ones(size), np.zeros((size, 0)), 0.0)
    columns = np.flatnonzero(off_scale.any(axis=1))
    given = choice[:, columns]
    asked = given >= 0
    off = asked & ~on_scale(off_scale[columns], given)
    if asked.any(axis=1).sum() < _LEAST_PEOPLE or off.sum() < _LEAST_OFF:
        return nothing
    middle, habits, ease, spread = _rasch(off, asked)
    left = _residuals(off, asked, middle + habits[:, None] + ease[None, :])
    loadings, unique = factor_loadings(left, asked, factors=_FACTORS, prior=_FACTOR_PRIOR)
    found = ResponseStyle(nothing.ease, nothing.unique, np.zeros((size, loadings.shape[1])), round(spread, 6))
    found.ease[columns] = np.where(asked.any(axis=0), middle + ease, np.nan)
    found.unique[columns] = unique
    found.loadings[columns] = loadings
    return found


def _rasch(off: Mask, asked: Mask) -> tuple[float, Floats, Floats, float]:
    """Return the middle, people's habits, questions' ease and the standard deviation of habits.

    Habits and ease are normal with variances that are learned with them (empirical Bayes), so that what is known of few
    answers stays near 0.
    """
    share = off.sum() / asked.sum()
    middle = float(np.log(share / (1 - share))) if 0 < share < 1 else 0.0
    habits, ease = np.zeros(off.shape[0]), np.zeros(off.shape[1])
    of_habits = of_ease = 1.0
    people, questions = asked.any(axis=1), asked.any(axis=0)
    for _ in range(_ROUNDS):
        before = habits.copy()
        habits += _newton(off, asked, middle + habits[:, None] + ease[None, :], habits, of_habits, axis=1)
        ease += _newton(off, asked, middle + habits[:, None] + ease[None, :], ease, of_ease, axis=0)
        known = _share(middle + habits[:, None] + ease[None, :]) * asked
        weight = known * (1 - known)
        middle += 0.5 * float((off - known).sum() / weight.sum())
        of_habits = float(np.mean((habits**2 + 1 / (weight.sum(axis=1) + 1 / of_habits))[people]))
        of_ease = float(np.mean((ease**2 + 1 / (weight.sum(axis=0) + 1 / of_ease))[questions]))
        if np.abs(habits - before).max() < _SETTLED:
            break
    return middle, habits, ease, float(np.sqrt(of_habits))


def _newton(off: Mask, asked: Mask, odds: Floats, now: Floats, variance: float, *, axis: int) -> Floats:
    """Return the step of Newton's method for the effects of one side, each with a normal prior of that *variance*."""
    known = _share(odds) * asked
    slope = (off - known).sum(axis=axis) - now / variance
    step = slope / ((known * (1 - known)).sum(axis=axis) + 1 / variance)
    return np.asarray(np.clip(step, -1.0, 1.0))


def _share(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _residuals(off: Mask, asked: Mask, odds: Floats) -> Floats:
    share = _share(odds)
    deviation = np.maximum(np.sqrt(share * (1 - share)), _LEAST_DEVIATION)
    return np.where(asked, (off - share) / deviation, 0.0)
