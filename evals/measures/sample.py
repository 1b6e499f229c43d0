"""One arm's outcomes as arrays: what every measure reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.evals.items import Outcome
from persona_db.graph.errors import ConfigError

__all__ = ["MIDDLE", "Floats", "Indices", "Sample", "sample_of"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Ranks = Mapping[str, Sequence[float | None]]

MIDDLE = 0.5
"""The rank that a missing prediction is given."""


@dataclass(frozen=True, eq=False)
class Sample:
    """An arm's outcomes, item by item, in an order that all arms share."""

    users: Indices
    """Index of the item's user; users are numbered from 0 without gaps."""
    questions: Indices
    """Index of the item's question, likewise."""
    truth: Indices
    answer: Indices
    """Index of the predicted option; -1 where it is missing."""
    true_rank: Floats
    """Rank of the truth on its question's scale, 0..1; NaN off the scale."""
    expected_rank: Floats
    """Expected rank of the distribution over the options on the scale; 0.5 where there is none."""
    probabilities: Floats
    """Items x the most options: the predicted distribution, 0 beyond a question's options.

    Where a prediction is missing it is the same for every option.
    """
    option_ranks: Floats
    """Items x the most options: each option's rank on its question's scale, NaN off the scale or beyond the options."""
    marginal_correct: NDArray[np.bool_] | None = None
    """Whether others' answers alone predict the item; None when that was not computed."""

    @property
    def confidence(self) -> Floats:
        """Return the probability that the predicted option was given; 0 where the prediction is missing."""
        given = self.probabilities[np.arange(len(self)), np.maximum(self.answer, 0)]
        return np.where(self.answer >= 0, given, 0.0)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Return whether each item was predicted; a missing prediction was not."""
        return np.asarray(self.answer == self.truth)

    @property
    def on_scale(self) -> NDArray[np.bool_]:
        """Return which items have a true rank; correlations are over these."""
        return ~np.isnan(self.true_rank)

    def by_question(self) -> list[Indices]:
        """Return the items of each question, in the order of its number; items in theirs."""
        order = np.argsort(self.questions, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.questions[order])) + 1)

    def taken(self, items: Indices) -> Sample:
        """Return *items* alone; their users and questions are renumbered in their order."""
        return Sample(
            users=np.unique(self.users[items], return_inverse=True)[1].astype(np.intp),
            questions=np.unique(self.questions[items], return_inverse=True)[1].astype(np.intp),
            truth=self.truth[items],
            answer=self.answer[items],
            true_rank=self.true_rank[items],
            expected_rank=self.expected_rank[items],
            probabilities=self.probabilities[items],
            option_ranks=self.option_ranks[items],
            marginal_correct=None if self.marginal_correct is None else self.marginal_correct[items],
        )

    def __len__(self) -> int:
        return len(self.truth)


def sample_of(outcomes: Sequence[Outcome], *, ranks: Ranks, marginal: Sequence[Outcome] | None = None) -> Sample:
    """Return *outcomes* of one arm as arrays; *marginal* are the marginal's outcomes of the same items, in order.

    A distribution with no mass on the scale has the middle rank. An answer without a distribution counts as certain.
    """
    _, users = np.unique([outcome.user for outcome in outcomes], return_inverse=True)
    _, questions = np.unique([outcome.question for outcome in outcomes], return_inverse=True)
    known = None
    probabilities, option_ranks = _distributions(outcomes, ranks)
    if marginal is not None:
        if [_key(outcome) for outcome in marginal] != [_key(outcome) for outcome in outcomes]:
            raise ConfigError("the marginal's outcomes are of other items, or in another order")
        known = np.array([outcome.answer == outcome.truth for outcome in marginal], dtype=bool)
    return Sample(
        users=users.astype(np.intp),
        questions=questions.astype(np.intp),
        truth=np.array([outcome.truth for outcome in outcomes], dtype=np.intp),
        answer=np.array([-1 if outcome.answer is None else outcome.answer for outcome in outcomes], dtype=np.intp),
        true_rank=np.array([_true_rank(outcome, ranks) for outcome in outcomes], dtype=np.float64),
        expected_rank=np.array([_expected_rank(outcome, ranks) for outcome in outcomes], dtype=np.float64),
        probabilities=probabilities,
        option_ranks=option_ranks,
        marginal_correct=known,
    )


def _distributions(outcomes: Sequence[Outcome], ranks: Ranks) -> tuple[Floats, Floats]:
    """Return the predicted probability and the rank of each option, both items x options."""
    scales = [_scale(outcome, ranks) for outcome in outcomes]
    widest = max(map(len, scales), default=0)
    probabilities = np.zeros((len(outcomes), widest))
    option_ranks = np.full((len(outcomes), widest), np.nan)
    for row, (outcome, scale) in enumerate(zip(outcomes, scales, strict=True)):
        option_ranks[row, : len(scale)] = [np.nan if rank is None else rank for rank in scale]
        if outcome.probabilities is not None:
            probabilities[row, : len(scale)] = outcome.probabilities
        elif outcome.answer is not None:
            probabilities[row, outcome.answer] = 1.0
        else:
            probabilities[row, : len(scale)] = 1.0 / len(scale)
    return probabilities, option_ranks


def _key(outcome: Outcome) -> tuple[str, str, int]:
    return outcome.user, outcome.question, outcome.truth


def _scale(outcome: Outcome, ranks: Ranks) -> Sequence[float | None]:
    scale = ranks.get(outcome.question)
    if scale is None or outcome.truth >= len(scale) or (outcome.answer or 0) >= len(scale):
        raise ConfigError(f"the options of question {outcome.question!r} are not those it was predicted with")
    if outcome.probabilities is not None and len(outcome.probabilities) != len(scale):
        raise ConfigError(f"question {outcome.question!r} has {len(scale)} options, not {len(outcome.probabilities)}")
    return scale


def _true_rank(outcome: Outcome, ranks: Ranks) -> float:
    rank = _scale(outcome, ranks)[outcome.truth]
    return np.nan if rank is None else rank


def _expected_rank(outcome: Outcome, ranks: Ranks) -> float:
    scale = _scale(outcome, ranks)
    if outcome.answer is None:
        return MIDDLE
    if outcome.probabilities is None:
        certain = scale[outcome.answer]
        return MIDDLE if certain is None else certain
    ranked = [(rank, p) for rank, p in zip(scale, outcome.probabilities, strict=True) if rank is not None]
    total = sum(p for _, p in ranked)
    if total <= 0:
        return MIDDLE
    # rounded, so that equal distributions have equal ranks however their sums were rounded
    return round(sum(rank * p for rank, p in ranked) / total, 12)
