"""Spearman's correlation, pooled."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.correlation import correlation_of, moments, standardised
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return the moments of items' ranks in the full sample, ties at their mean; 0 for items off the scale.

    A resample thus correlates ranks of the full sample; its own ranks would differ by less than the interval's width.
    """
    from scipy.sparse import csr_array
    from scipy.stats import rankdata

    kept = sample.on_scale
    made = np.zeros((len(sample), 6))
    predicted, true = rankdata(sample.expected_rank[kept]), rankdata(sample.true_rank[kept])
    made[kept] = moments(standardised(predicted), standardised(true))
    return csr_array(made)


def fold(totals: Floats) -> Floats:
    """Return the correlation; 0 for a constant prediction, NaN for a constant truth."""
    return correlation_of(totals)


MEASURE = Measure(
    name="spearman",
    heading="Spear-\nman",
    order=30,
    sentence="Spearman's rank correlation of expected and true rank over all items; it mostly measures question means.",
    citation=(
        "Spearman 1904; as r_s in Sun et al. 2024 (arXiv:2402.11060), with the expected rank for the single answer."
    ),
    missing="has the middle rank, 0.5",
    numbers=numbers,
    fold=fold,
)
