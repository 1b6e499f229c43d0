"""Brier score."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return 1 and the item's squared distance."""
    given = sample.probabilities[np.arange(len(sample)), sample.truth]
    return one_each(np.square(sample.probabilities).sum(axis=1) - 2 * given + 1)


def fold(totals: Floats) -> Floats:
    """Return the mean distance."""
    return mean_of(totals)


MEASURE = Measure(
    name="brier",
    heading="Brier\nscore",
    order=80,
    sentence=(
        "The mean squared distance of the distribution from what came true, over all options: 0 is perfect, 2 the "
        "worst."
    ),
    citation="Brier 1950, in its first form: the sum over all options, not over one of two.",
    missing="gives every option the same probability",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
