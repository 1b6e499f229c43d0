"""Accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "accuracy"
SENTENCE = "The share of items whose likeliest option is the true one."
CITATION = "Called micro-F1 in Sun et al. 2024 (arXiv:2402.11060): with one label an item the two are equal."
MISSING = "Wrong."


def numbers(sample: Sample) -> Numbers:
    """Return 1 and whether the item was predicted."""
    return one_each(sample.correct.astype(float))


def fold(totals: Floats) -> Floats:
    """Return the share predicted."""
    return mean_of(totals)
