"""What a measure is: numbers of each item, and a function of their sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from persona_db.evals.measures.sample import Floats, Sample

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Measure", "Numbers", "totals_of", "value_of"]

Numbers: TypeAlias = "csr_array[np.float64, tuple[int, int]]"


@dataclass(frozen=True)
class Measure:
    """A measure of how well an arm predicts; each is the `MEASURE` of a module of this package.

    A resample that draws an item w times has the totals `w @ numbers`, so that an interval takes one product
    instead of two thousand evaluations of the measure.
    """

    name: str
    """Its key in JSON, which is also its field of `ArmReport`."""
    heading: str
    """Its column's heading in tables; a line break keeps the column narrow."""
    sentence: str
    """What it says."""
    citation: str
    missing: str
    """The predicate of a missing prediction, such as "is wrong"."""
    numbers: Callable[[Sample], Numbers]
    """Returns each item's numbers (items x numbers)."""
    fold: Callable[[Floats], Floats]
    """Returns the measure of each row of totals (samples x numbers); NaN where it is not defined."""
    of_distributions: bool = False
    """Whether it reads the predicted distribution; such measures have a table of their own."""
    order: int = 1_000
    """Measures are reported in ascending order; of equals by name."""


def value_of(measure: Measure, sample: Sample) -> float:
    """Return the measure of the full sample; NaN where it is not defined."""
    if len(sample) == 0:
        return float("nan")
    return float(measure.fold(totals_of(measure.numbers(sample)))[0])


def totals_of(numbers: Numbers, weights: Floats | None = None) -> Floats:
    """Return the totals of each row of *weights* (samples x items), by default of all items once."""
    return np.asarray((np.ones((1, numbers.shape[0])) if weights is None else weights) @ numbers)
