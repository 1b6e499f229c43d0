"""Variance of predictions to that of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "variance_ratio"
SENTENCE = (
    "Variance of expected ranks among a question's items over that of the true ranks: 1 is people as they are, less "
    "is flatter. The best guess of each is flatter than people by what cannot be known."
)
CITATION = "Bisbee et al. 2024 (Political Analysis 32), who find answers of language models to vary too little."
MISSING = "The middle rank, 0.5. True answers off the scale are left out, and counted."


def numbers(sample: Sample) -> Numbers:
    """Return the squared distances of expected and true rank from their question's means.

    A resample keeps the means, which changes its variances in second order only.
    """
    from scipy.sparse import csr_array

    kept = sample.on_scale
    questions = sample.questions[kept]
    made = np.zeros((len(sample), 2))
    made[kept] = np.column_stack(
        [np.square(_centred(ranks[kept], questions)) for ranks in (sample.expected_rank, sample.true_rank)]
    )
    return csr_array(made)


def _centred(ranks: Floats, questions: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    counts = np.bincount(questions)
    means = np.bincount(questions, weights=ranks) / np.maximum(counts, 1)
    return np.asarray(ranks - means[questions])


def fold(totals: Floats) -> Floats:
    """Return the ratio; NaN where all that answered a question agree, for every question."""
    flat = totals[:, 1] <= 1e-9
    return np.where(flat, np.nan, totals[:, 0] / np.where(flat, 1.0, totals[:, 1]))
