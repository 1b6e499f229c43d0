"""Area under the ROC curve of the upper side of the scale, pooled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import MIDDLE, Floats, Indices, Sample

__all__ = ["area_of", "upper_chance"]


def upper_chance(sample: Sample) -> Floats:
    """Return each item's predicted chance of the options above the middle of the scale, among those above or below it.

    0.5 where the prediction is missing or has neither.
    """
    above = np.where(sample.option_ranks > MIDDLE, sample.probabilities, 0.0).sum(axis=1)
    below = np.where(sample.option_ranks < MIDDLE, sample.probabilities, 0.0).sum(axis=1)
    either = above + below
    chance = np.full(len(sample), MIDDLE)
    known = (either > 0) & (sample.answer >= 0)
    chance[known] = above[known] / either[known]
    return np.round(chance, 12)  # so that equal distributions are equal however their sums were rounded


def area_of(chance: Floats, true_rank: Floats) -> tuple[float, Floats, Indices] | None:
    """Return the area under the curve, each item's influence on it, and the items that count.

    Answers off the scale and in its middle are left out; None where one side has no item. An item's influence is that
    of its placement among the other side's (DeLong, DeLong and Clarke-Pearson 1988); ties count half.
    """
    from scipy.stats import rankdata

    items = np.flatnonzero(~np.isnan(true_rank) & (true_rank != MIDDLE))
    upper: NDArray[np.bool_] = true_rank[items] > MIDDLE
    many, few = int(upper.sum()), int((~upper).sum())
    if not many or not few:
        return None
    scores = chance[items]
    inside = np.zeros(len(items))
    inside[upper], inside[~upper] = rankdata(scores[upper]), rankdata(scores[~upper])
    placed = rankdata(scores) - inside  # how many of the other side are lower
    placements = np.where(upper, placed / few, 1.0 - placed / many)
    area = float(placements[upper].mean())
    return area, (placements - area) / np.where(upper, many, few), items


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the area plus the item's influence on it."""
    found = area_of(upper_chance(sample), sample.true_rank)
    if found is None:
        return one_each(np.full(len(sample), np.nan))
    area, influence, items = found
    changes = np.zeros(len(sample))
    changes[items] = influence * len(sample)
    return one_each(area + changes)


def fold(totals: Floats) -> Floats:
    """Return the area; NaN where only one side of the scale was answered."""
    return mean_of(totals)


MEASURE = Measure(
    name="auc",
    heading="AUC",
    order=52,
    sentence=(
        "The chance that of two answers, one above the middle of its scale and one below, the one above has the higher "
        "predicted chance of being so; answers in the middle are left out."
    ),
    citation="Hanley and McNeil 1982; opinions split at the middle of the scale as in Kim and Lee (arXiv:2305.09620).",
    missing="has the chance 0.5",
    numbers=numbers,
    fold=fold,
)
