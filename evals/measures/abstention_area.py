"""Area under the abstention curve: accuracy when only the surest predictions are made."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.measure import Measure, Numbers, totals_of
from persona_db.evals.measures.sample import Floats, Sample

STEPS = 100


def numbers(sample: Sample) -> Numbers:
    """Return, for each hundredth of the items by confidence, whether the item is in it, and then whether it is right.

    Equal confidences share the surer hundredth. A resample keeps the hundredths of the full sample.
    """
    from scipy.sparse import csr_array

    size = len(sample)
    # rounded, so that equal distributions are equally sure however their sums were rounded
    sure = -np.round(sample.confidence, 12)
    steps = np.searchsorted(np.sort(sure), sure) * STEPS // max(size, 1)
    return csr_array(
        (
            np.concatenate([np.ones(size), sample.correct.astype(float)]),
            (np.tile(np.arange(size), 2), np.concatenate([steps, STEPS + steps])),
        ),
        shape=(size, 2 * STEPS),
    )


def fold(totals: Floats) -> Floats:
    """Return the mean accuracy, weighted by the items of each hundredth."""
    counts = totals[:, :STEPS]
    with np.errstate(invalid="ignore"):
        return np.asarray((counts * _accuracies(totals)).sum(axis=1) / counts.sum(axis=1))


def abstention_curve(sample: Sample) -> list[tuple[float, float]]:
    """Return (share of items predicted, accuracy on them), from the surest hundredth to all of them."""
    if len(sample) == 0:
        return []
    totals = totals_of(numbers(sample))
    counts = totals[0, :STEPS]
    shares = np.cumsum(counts) / counts.sum()
    return [
        (float(share), float(accuracy))
        for share, accuracy, count in zip(shares, _accuracies(totals)[0], counts, strict=True)
        if count
    ]


def _accuracies(totals: Floats) -> Floats:
    """Return the accuracy up to each hundredth; 0 before the first item."""
    seen, right = np.cumsum(totals[:, :STEPS], axis=1), np.cumsum(totals[:, STEPS:], axis=1)
    return np.asarray(right / np.maximum(seen, 1.0))


MEASURE = Measure(
    name="abstention_area",
    heading="abstention\narea",
    order=120,
    sentence=(
        "The mean accuracy over the surest 1 %, 2 %, ... 100 % of the items: the area under the abstention curve. "
        "It equals accuracy where confidence carries no information."
    ),
    citation="Geifman, Uziel and El-Yaniv 2019 (arXiv:1805.08206): 1 less their area under the risk-coverage curve.",
    missing="is wrong, and the least sure",
    of_distributions=True,
    numbers=numbers,
    fold=fold,
)
