"""Pearson's correlation, pooled."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.correlation import correlation_of, moments, standardised
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return the moments of items on the scale, and 0 for other items."""
    from scipy.sparse import csr_array

    kept = sample.on_scale
    made = np.zeros((len(sample), 6))
    made[kept] = moments(standardised(sample.expected_rank[kept]), standardised(sample.true_rank[kept]))
    return csr_array(made)


def fold(totals: Floats) -> Floats:
    """Return the correlation; 0 for a constant prediction, NaN for a constant truth."""
    return correlation_of(totals)


MEASURE = Measure(
    name="pearson",
    heading="Pear-\nson",
    order=40,
    sentence="Pearson's correlation of expected and true rank over all items.",
    citation="As r in Sun et al. 2024 (arXiv:2402.11060), with the expected rank for the single answer.",
    missing="has the middle rank, 0.5",
    numbers=numbers,
    fold=fold,
)
