"""Log loss."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample

FLOOR = 0.001
"""Least probability that counts; smaller ones count as this."""


def numbers(sample: Sample) -> Numbers:
    """Return 1 and the item's loss."""
    given = sample.probabilities[np.arange(len(sample)), sample.truth]
    return one_each(-np.log(np.clip(given, FLOOR, 1.0)))


def fold(totals: Floats) -> Floats:
    """Return the mean loss."""
    return mean_of(totals)


MEASURE = Measure(
    name="log_loss",
    heading="log\nloss",
    order=70,
    sentence=(
        "The mean of -ln of the true option's probability; less is better. A probability below 0.001 counts as 0.001."
    ),
    citation=(
        "Good 1952; scikit-learn's log_loss. A probability below 0.001 counts as 0.001: certain errors stay finite."
    ),
    missing="gives every option the same probability",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
