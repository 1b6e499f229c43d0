"""Means of one number an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.measures.sample import Floats

if TYPE_CHECKING:
    from persona_db.evals.measures.measure import Numbers

__all__ = ["mean_of", "one_each"]


def one_each(values: Floats) -> Numbers:
    """Return 1 and the value of each item."""
    from scipy.sparse import csr_array

    return csr_array(np.column_stack([np.ones(len(values)), values]))


def mean_of(totals: Floats) -> Floats:
    """Return the mean of each row of totals (samples x 2)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(totals[:, 1] / totals[:, 0])
