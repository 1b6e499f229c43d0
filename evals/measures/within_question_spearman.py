"""Spearman's correlation within questions."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.correlation import standardised
from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample

LEAST_ITEMS = 5
"""Least items of a question; the mean excludes questions with fewer, or with one true answer only."""


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the mean correlation plus the item's influence on it.

    The influence is to first order (the influence function of a correlation: Devlin, Gnanadesikan and Kettenring 1975),
    so that a resample's measure is linear in its weights: correlations computed anew from resamples of the ten items
    that a question may have are too high on average. With few items the influences vary too little, by
    (n - 2) / (n + 1) where the correlation is 0, and are scaled up accordingly.
    """
    from scipy.sparse import csr_array
    from scipy.stats import rankdata

    correlations: list[float] = []
    changes = np.zeros(len(sample))
    for group in sample.by_question():
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


MEASURE = Measure(
    name="within_question_spearman",
    heading="within\nquestion",
    order=50,
    sentence="The mean over questions of Spearman's correlation among a question's items: how well people are ordered.",
    citation="Own; the pooled correlation without what question means explain.",
    missing="has the middle rank, 0.5",
    numbers=numbers,
    fold=fold,
)
