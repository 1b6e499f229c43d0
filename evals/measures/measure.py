"""What a measure is: numbers of each item, and what their sums say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Numbers = csr_array[np.float64, tuple[int, int]]

__all__ = ["Measure", "totals_of", "value_of"]


class Measure(Protocol):
    """A measure of how well an arm predicts; each is a module of this package.

    A resample that draws an item w times has the totals `w @ numbers`, so that an interval takes one product
    instead of the measure two thousand times over.
    """

    NAME: str
    SENTENCE: str
    """What it says."""
    CITATION: str
    MISSING: str
    """What a missing prediction counts as."""

    def numbers(self, sample: Sample) -> Numbers:
        """Return each item's numbers (items x numbers)."""
        ...

    def fold(self, totals: Floats) -> Floats:
        """Return the measure of each row of totals (samples x numbers); NaN where it is not defined."""
        ...


def value_of(measure: Measure, sample: Sample) -> float:
    """Return the measure of the whole sample; NaN where it is not defined."""
    if len(sample) == 0:
        return float("nan")
    return float(measure.fold(totals_of(measure.numbers(sample)))[0])


def totals_of(numbers: Numbers, weights: Floats | None = None) -> Floats:
    """Return the totals of each row of *weights* (samples x items), by default of all items once."""
    return np.asarray((np.ones((1, numbers.shape[0])) if weights is None else weights) @ numbers)
