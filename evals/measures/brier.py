"""Brier score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "brier"
SENTENCE = "The mean squared distance of the distribution from what came true: 0 is perfect, 2 the worst."
CITATION = "Brier 1950, in its first form: the sum over all options, not over one of two."
MISSING = "The same probability for every option."


def numbers(sample: Sample) -> Numbers:
    """Return 1 and the item's squared distance."""
    given = sample.probabilities[np.arange(len(sample)), sample.truth]
    return one_each(np.square(sample.probabilities).sum(axis=1) - 2 * given + 1)


def fold(totals: Floats) -> Floats:
    """Return the mean distance."""
    return mean_of(totals)
