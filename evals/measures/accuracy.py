"""Accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "accuracy"
SENTENCE = "The share of items whose likeliest option is the true one."
CITATION = "Called micro-F1 in Sun et al. 2024 (arXiv:2402.11060): with one label an item the two are equal."
MISSING = "Wrong."


def numbers(sample: Sample) -> Numbers:
    """Return 1 and whether the item was predicted."""
    from scipy.sparse import csr_array

    return csr_array(np.column_stack([np.ones(len(sample)), sample.correct]))


def fold(totals: Floats) -> Floats:
    """Return the share predicted."""
    with np.errstate(invalid="ignore"):
        return np.asarray(totals[:, 1] / totals[:, 0])
