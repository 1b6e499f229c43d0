"""Spearman's correlation, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.correlation import correlation_of, moments, standardised
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "spearman"
SENTENCE = "Spearman's rank correlation of expected and true rank over all items; mostly of question means."
CITATION = "Spearman 1904; as r_s in Sun et al. 2024 (arXiv:2402.11060), with the expected rank for the single answer."
MISSING = "The middle rank, 0.5. True answers off the scale are left out, and counted."


def numbers(sample: Sample) -> Numbers:
    """Return the moments of items' ranks in the full sample, ties at their mean; nothing of items off the scale.

    A resample thus correlates ranks of the full sample: its own would differ by less than the interval is wide.
    """
    from scipy.sparse import csr_array
    from scipy.stats import rankdata

    kept = sample.on_scale
    made = np.zeros((len(sample), 6))
    predicted, true = rankdata(sample.expected_rank[kept]), rankdata(sample.true_rank[kept])
    made[kept] = moments(standardised(predicted), standardised(true))
    return csr_array(made)


def fold(totals: Floats) -> Floats:
    """Return the correlation; 0 for a constant prediction, NaN for a constant truth."""
    return correlation_of(totals)
