"""Macro-F1 over the places of options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

NAME = "macro_f1"
SENTENCE = (
    "The mean F1 over labels, the label of an answer being its place among its question's options "
    "(first, second, ...), pooled over questions."
)
CITATION = "scikit-learn's f1_score(average='macro'); for one set of options it is the usual macro-F1."
MISSING = "A miss of the true label, and no false alarm of another."


def numbers(sample: Sample) -> Numbers:
    """Return, for each label that is true of some item, whether the item is it, is said to be it, and both.

    Labels that are predicted but never true make no class of their own, so that all arms are averaged over the same.
    """
    from scipy.sparse import csr_array

    labels = np.unique(sample.truth)
    true = sample.truth[:, None] == labels
    said = sample.answer[:, None] == labels
    return csr_array(np.stack([true, said, true & said], axis=2).reshape(len(sample), -1).astype(float))


def fold(totals: Floats) -> Floats:
    """Return the mean of the labels' F1; labels that are true of no item of a resample are left out of its mean."""
    true, said, both = np.moveaxis(totals.reshape(len(totals), -1, 3), 2, 0)
    occurs = true > 0
    f1 = np.divide(2 * both, true + said, out=np.zeros_like(both), where=occurs)
    with np.errstate(invalid="ignore"):
        return np.asarray(f1.sum(axis=1) / occurs.sum(axis=1))
