"""What sets a group apart: the answers that its people give more often than the others, by Polis' test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.graph.models import Question

__all__ = ["Counts", "Representative", "count_answers", "representative", "two_proportions"]

Floats = NDArray[np.float64]
_MOST = 10
_CONFIDENT = 2.326  # one-sided 99 %: of hundreds of answers, Polis' 90 % would let tens through by chance
_MOSTLY = 1.282  # one-sided 90 %, as in Polis, that more than half of the group say it


@dataclass(frozen=True)
class Counts:
    """Answers of each group to one question (groups x options): heads, and sums of weights and of their squares."""

    people: NDArray[np.int64]
    weight: Floats
    squares: Floats

    def effective(self, groups: Sequence[int] | NDArray[np.int64]) -> Floats:
        """Return the counts by option of *groups* together, in effective people (Kish 1965)."""
        weight, squares = self.weight[groups].sum(axis=0), float(self.squares[groups].sum())
        return np.asarray(weight * (weight.sum() / squares if squares else 0.0))


@dataclass(frozen=True)
class Representative:
    """An answer, or a side of a scale, that sets a group apart.

    `share` and `others` are of those asked in the group and outside it, `ratio` theirs with a pseudo-count in each,
    `z` the test of their difference.
    """

    question: str
    options: tuple[int, ...]
    share: float
    others: float
    ratio: float
    z: float
    asked: int
    worth: float


def count_answers(
    questions: Sequence[Question], choice: NDArray[np.int16], group: NDArray[np.int64], weight: Floats, groups: int
) -> list[Counts]:
    """Return the answers of each group, from 0 to *groups* - 1, to every question."""
    found = []
    for column, question in zip(choice.T, questions, strict=True):
        width = len(question.options)
        answered = column >= 0
        cell = group[answered] * width + column[answered]

        def summed(values: Floats | None, cell: NDArray[np.int64] = cell, width: int = width) -> NDArray[np.float64]:
            flat = np.bincount(cell, weights=values, minlength=groups * width).astype(np.float64)
            return flat.reshape(groups, width)

        found.append(Counts(summed(None).astype(np.int64), summed(weight[answered]), summed(weight[answered] ** 2)))
    return found


def two_proportions(some: float, asked: float, others: float, asked_others: float) -> float:
    """Return z of the difference of two proportions, with one person added to every count, as Polis does.

    Small, Bjorkegren, Erkkilä, Shaw and Megill (2021): Polis: Scaling Deliberation by Mapping High Dimensional
    Opinion Spaces, Recerca 26(2). The same people are grouped by their answers and tested by them, so that z orders
    and describes; it is no proof that groups exist.

    >>> round(two_proportions(80, 100, 20, 100), 2)
    8.5
    """
    some, asked, others, asked_others = some + 1, asked + 1, others + 1, asked_others + 1
    pooled = (some + others) / (asked + asked_others)
    if pooled >= 1:
        return 0.0
    return float(
        (some / asked - others / asked_others) / np.sqrt(pooled * (1 - pooled) * (1 / asked + 1 / asked_others))
    )


def representative(population: Population, counts: Sequence[Counts], group: int) -> list[Representative]:
    """Return at most ten answers that set the group apart, those first that do it most.

    More than half of the group say it (one-sided 90 %), and more than others do (one-sided 99 %). They are ordered by
    Polis' product of the ratio, the two tests and the share. Of each question one side is taken, and only opinions
    and behaviour count.
    """
    found = []
    groups = len(counts[0].people) if counts else 0
    rest = [other for other in range(groups) if other != group]
    for question, sides, count in zip(population.questions, population.sides, counts, strict=True):
        own, others = count.effective([group]), count.effective(rest)
        asked, asked_others = float(own.sum()), float(others.sum())
        if not asked or not asked_others:
            continue
        of_question = []
        for side in dict.fromkeys(sides.values()):
            says, say = float(own[list(side)].sum()), float(others[list(side)].sum())
            mostly = 2 * np.sqrt(asked + 1) * ((says + 1) / (asked + 1) - 0.5)
            z = two_proportions(says, asked, say, asked_others)
            if mostly < _MOSTLY or z < _CONFIDENT:
                continue
            share, other = (says + 1) / (asked + 2), (say + 1) / (asked_others + 2)
            ratio = share / other
            of_question.append(
                Representative(
                    question.id,
                    side,
                    round(says / asked, 6),
                    round(say / asked_others, 6),
                    round(ratio, 6),
                    round(z, 4),
                    int(count.people[group].sum()),
                    float(ratio * z * share * mostly),
                )
            )
        found += sorted(of_question, key=lambda one: -one.worth)[:1]
    return sorted(found, key=lambda one: (-one.worth, one.question))[:_MOST]
