"""Log loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "log_loss"
SENTENCE = "The mean of -ln of the probability given to the true option; less is better."
CITATION = "Good 1952; scikit-learn's log_loss. A probability below 0.001 counts as 0.001: certain errors stay finite."
MISSING = "The same probability for every option."

FLOOR = 0.001
"""What less than that counts as."""


def numbers(sample: Sample) -> Numbers:
    """Return 1 and the item's loss."""
    given = sample.probabilities[np.arange(len(sample)), sample.truth]
    return one_each(-np.log(np.clip(given, FLOOR, 1.0)))


def fold(totals: Floats) -> Floats:
    """Return the mean loss."""
    return mean_of(totals)
