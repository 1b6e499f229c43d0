"""Distance of predicted from true opinion distributions."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.mean import mean_of
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return for items on the scale 1 and their part of their question's distance.

    The distance of two distributions is the area between their cumulative shares. An item adds its own difference, with
    the sign of the question's difference; as for the calibration error, a resample keeps the signs. Probability of
    options off the scale is shared among the others in proportion.
    """
    from scipy.sparse import csr_array

    made = np.zeros((len(sample), 2))
    for group in sample.by_question():
        items = group[sample.on_scale[group]]
        if len(items):
            made[items] = np.column_stack([np.ones(len(items)), _parts(sample, items)])
    return csr_array(made)


def _parts(sample: Sample, items: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Return each item's part of one question's area between the cumulative shares."""
    on_scale = ~np.isnan(sample.option_ranks[items[0]])
    ranks = sample.option_ranks[items[0], on_scale]
    given = sample.probabilities[np.ix_(items, np.flatnonzero(on_scale))]
    total = given.sum(axis=1, keepdims=True)
    given = np.where(total > 0, given / np.where(total > 0, total, 1.0), 1.0 / len(ranks))
    steps = np.unique(ranks)
    predicted = given @ (ranks[:, None] <= steps)
    true = sample.true_rank[items, None] <= steps
    apart = (predicted - true)[:, :-1] * np.diff(steps)
    signs = np.sign(np.round(apart.sum(axis=0), 9))
    return np.asarray(apart @ signs)


def fold(totals: Floats) -> Floats:
    """Return the mean distance, at least 0; NaN where no item is on a scale."""
    return np.maximum(mean_of(totals), 0.0)


MEASURE = Measure(
    name="wasserstein",
    heading="Wasser-\nstein",
    order=100,
    sentence=(
        "How far predicted opinion distributions are from true ones: the 1-Wasserstein distance of a question's "
        "two distributions over people on its scale 0 to 1, averaged over questions by their items; less is "
        "better."
    ),
    citation="As in Santurkar et al. 2023 (arXiv:2303.17548), which report 1 less this over scales 1 apart.",
    missing="gives every option the same probability",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
