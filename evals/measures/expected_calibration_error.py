"""Expected calibration error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "expected_calibration_error"
SENTENCE = (
    "How far confidence is from accuracy: the mean over ten bins of confidence of their distance, each bin by its "
    "items; confidence is the probability of the option predicted."
)
CITATION = "Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017 (arXiv:1706.04599). Bins of equal width, fixed."
MISSING = "Confidence 0 and wrong: it is in a denominator, and costs nothing."

BINS = 10


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the item's correctness less its confidence, with the sign that its bin has in the full sample.

    The mean of that is the error. A resample keeps the signs, so that its mean is the sample's own value: distances
    computed anew are too large, the sample's chance being added to once more. Where a bin is right up to chance the
    interval is too wide for that, and never too narrow: a distance varies less than what it is the distance of.
    """
    confidence = sample.confidence
    bins = np.clip(np.ceil(confidence * BINS - 1e-9).astype(int) - 1, 0, BINS - 1)
    over = sample.correct - confidence
    signs = np.sign(np.bincount(bins, weights=over, minlength=BINS))
    return one_each(signs[bins] * over)


def fold(totals: Floats) -> Floats:
    """Return the error, at least 0."""
    return np.maximum(mean_of(totals), 0.0)
