"""Expected calibration error."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample

BINS = 10


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the item's correctness less its confidence, with the sign that its bin has in the full sample.

    Their mean is the error. A resample keeps the signs, so that resamples have the sample's own value as their mean:
    distances computed anew would add the sample's chance error once more and be too large. The interval of a bin that
    is right up to chance is too wide, never too narrow: a distance varies less than the difference that it measures.
    """
    confidence = sample.confidence
    bins = np.clip(np.ceil(confidence * BINS - 1e-9).astype(int) - 1, 0, BINS - 1)
    over = sample.correct - confidence
    signs = np.sign(np.bincount(bins, weights=over, minlength=BINS))
    return one_each(signs[bins] * over)


def fold(totals: Floats) -> Floats:
    """Return the error, at least 0."""
    return np.maximum(mean_of(totals), 0.0)


MEASURE = Measure(
    name="expected_calibration_error",
    heading="calibration\nerror",
    order=90,
    sentence=(
        "How far confidence is from accuracy: the mean distance over ten fixed bins of confidence, weighted by "
        "their items."
    ),
    citation="Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017 (arXiv:1706.04599). Bins of equal width, fixed.",
    missing="has confidence 0 and is wrong, which costs nothing",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
