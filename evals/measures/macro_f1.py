"""Macro-F1 over option indices."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample


def numbers(sample: Sample) -> Numbers:
    """Return for each label that is true of some item whether it is the true one, the predicted one, and both.

    Labels that are predicted but never true are no class, so that all arms are averaged over the same labels.
    """
    from scipy.sparse import csr_array

    labels = np.unique(sample.truth)
    true = sample.truth[:, None] == labels
    predicted = sample.answer[:, None] == labels
    return csr_array(np.stack([true, predicted, true & predicted], axis=2).reshape(len(sample), -1).astype(float))


def fold(totals: Floats) -> Floats:
    """Return the mean F1 over labels; a resample's mean excludes labels that are true of none of its items."""
    true, predicted, both = np.moveaxis(totals.reshape(len(totals), -1, 3), 2, 0)
    occurs = true > 0
    f1 = np.divide(2 * both, true + predicted, out=np.zeros_like(both), where=occurs)
    with np.errstate(invalid="ignore"):
        return np.asarray(f1.sum(axis=1) / occurs.sum(axis=1))


MEASURE = Measure(
    name="macro_f1",
    heading="macro\nF1",
    order=20,
    sentence=(
        "The mean F1 over labels, pooled over questions; an answer's label is its index among its question's options."
    ),
    citation="scikit-learn's f1_score(average='macro'); for one set of options it is the usual macro-F1.",
    missing="misses its label, and raises no false alarm for another",
    numbers=numbers,
    fold=fold,
)
