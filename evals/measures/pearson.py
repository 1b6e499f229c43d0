"""Pearson's correlation, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.correlation import correlation_of, moments, standardised
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "pearson"
SENTENCE = "Pearson's correlation of expected and true rank, both 0..1 on the question's scale, over all items."
CITATION = "As r in Sun et al. 2024 (arXiv:2402.11060), with the expected rank for the single answer."
MISSING = "The middle rank, 0.5. True answers off the scale are left out, and counted."


def numbers(sample: Sample) -> Numbers:
    """Return the moments of items on the scale, and nothing of others."""
    from scipy.sparse import csr_array

    kept = sample.on_scale
    made = np.zeros((len(sample), 6))
    made[kept] = moments(standardised(sample.expected_rank[kept]), standardised(sample.true_rank[kept]))
    return csr_array(made)


def fold(totals: Floats) -> Floats:
    """Return the correlation; 0 for a constant prediction, NaN for a constant truth."""
    return correlation_of(totals)
