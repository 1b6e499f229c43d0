"""Spearman's correlation within questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.correlation import standardised
from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "within_question_spearman"
SENTENCE = (
    "The mean over questions of Spearman's correlation among a question's items: who stands where, "
    "which no knowledge of the question alone can tell."
)
CITATION = "Own; the pooled correlation without what question means explain."
MISSING = "The middle rank, 0.5. True answers off the scale are left out, and counted."

LEAST_ITEMS = 5
"""A question with fewer items, or with one true answer only, is left out."""


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the mean correlation plus what the item, counted once more, would change in it.

    The change is to first order (the influence function of a correlation: Devlin, Gnanadesikan and Kettenring 1975),
    so that the measure of a resample is linear in its weights: correlations computed anew from a resample of the ten
    items that a question may have are too high in the mean. What few items make of the variance of those changes,
    (n - 2) / (n + 1) of the correlation's own where there is none, is taken out.
    """
    from scipy.sparse import csr_array
    from scipy.stats import rankdata

    correlations: list[float] = []
    changes = np.zeros(len(sample))
    order = np.argsort(sample.questions, kind="stable")
    bounds = np.flatnonzero(np.diff(sample.questions[order])) + 1
    for group in np.split(order, bounds):
        items = group[sample.on_scale[group]]
        true = sample.true_rank[items]
        if len(items) < LEAST_ITEMS or len(np.unique(true)) < 2:
            continue
        x, y = standardised(rankdata(sample.expected_rank[items])), standardised(rankdata(true))
        correlation = float(np.mean(x * y))
        correlations.append(correlation)
        n = len(items)
        changes[items] = (x * y - correlation * (x * x + y * y) / 2) / n * np.sqrt((n + 1) / (n - 2))
    if not correlations:
        return csr_array(np.full((len(sample), 2), np.nan))
    changes *= len(sample) / len(correlations)
    return one_each(np.mean(correlations) + changes)


def fold(totals: Floats) -> Floats:
    """Return the mean correlation; a question whose predictions are constant counts 0."""
    return mean_of(totals)
