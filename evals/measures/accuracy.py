"""Accuracy."""

from __future__ import annotations

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return 1 and whether the item was predicted."""
    return one_each(sample.correct.astype(float))


def fold(totals: Floats) -> Floats:
    """Return the share predicted."""
    return mean_of(totals)


MEASURE = Measure(
    name="accuracy",
    heading="accuracy",
    order=10,
    sentence="The share of items whose likeliest option is the true one.",
    citation="Called micro-F1 in Sun et al. 2024 (arXiv:2402.11060): with one label an item the two are equal.",
    missing="is wrong",
    numbers=numbers,
    fold=fold,
)
