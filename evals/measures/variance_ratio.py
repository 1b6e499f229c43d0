"""Variance of predictions over that of answers."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return the squared distances of expected and true rank from their question's means.

    A resample keeps the means, which changes its variances to second order only.
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
    """Return the ratio; NaN where no question has two different true ranks."""
    flat = totals[:, 1] <= 1e-9
    return np.where(flat, np.nan, totals[:, 0] / np.where(flat, 1.0, totals[:, 1]))


MEASURE = Measure(
    name="variance_ratio",
    heading="variance\nratio",
    order=110,
    sentence=(
        "The variance of expected ranks among a question's items over that of the true ranks: predictions below 1 "
        "are flatter than people."
    ),
    citation="Bisbee et al. 2024 (Political Analysis 32), who find answers of language models to vary too little.",
    missing="has the middle rank, 0.5",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
