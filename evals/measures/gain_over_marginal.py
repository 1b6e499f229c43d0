"""Gain over the marginal."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the arm's correctness less the marginal's; all NaN where no marginal was computed."""
    from scipy.sparse import csr_array

    if sample.marginal_correct is None:
        return csr_array(np.full((len(sample), 2), np.nan))
    return one_each(sample.correct.astype(float) - sample.marginal_correct)


def fold(totals: Floats) -> Floats:
    """Return the mean gain."""
    return mean_of(totals)


MEASURE = Measure(
    name="gain_over_marginal",
    heading="over\nmarginal",
    order=60,
    sentence="Accuracy less that of `marginal` on the same items.",
    citation="Own; what is left of accuracy when knowing the question is taken out.",
    missing="is wrong, so that it costs what the marginal gets right",
    numbers=numbers,
    fold=fold,
)
