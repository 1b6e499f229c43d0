"""Gain over the marginal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "gain_over_marginal"
SENTENCE = "Accuracy less that of others' most frequent answer to the same question, on the same items."
CITATION = "Own; what is left of accuracy when knowing the question is taken out."
MISSING = "Wrong, so that it costs what the marginal gets right."


def numbers(sample: Sample) -> Numbers:
    """Return 1 and whether the arm was right, less whether the marginal was; NaN throughout where none was computed."""
    from scipy.sparse import csr_array

    if sample.marginal_correct is None:
        return csr_array(np.full((len(sample), 2), np.nan))
    return one_each(sample.correct.astype(float) - sample.marginal_correct)


def fold(totals: Floats) -> Floats:
    """Return the mean gain."""
    return mean_of(totals)
