"""Correlation from sums, so that a resample does not read the items again."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.sample import Floats

__all__ = ["MOMENTS", "correlation_of", "moments", "standardised"]

MOMENTS = 6
"""Numbers of an item: 1, x, y, xx, yy, xy."""

CONSTANT = 1e-9
"""A variance up to this, of values with variance 1 in the full sample, is rounding."""


def standardised(values: Floats) -> Floats:
    """Return *values* with mean 0 and variance 1, all 0 if they are constant: sums of squares stay exact."""
    centred = values - values.mean() if len(values) else values
    spread = float(centred.std()) if len(values) else 0.0
    return np.asarray(centred / spread if spread > CONSTANT else np.zeros_like(centred))


def moments(x: Floats, y: Floats) -> Floats:
    """Return each item's six numbers; *x* and *y* are standardised."""
    return np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])


def correlation_of(totals: Floats) -> Floats:
    """Return Pearson's correlation of prediction x and truth y from totals (samples x 6).

    A constant prediction correlates 0. NaN where the truth is constant or there are no items.
    """
    count = totals[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y, xx, yy, xy = (totals[:, column] / count for column in range(1, MOMENTS))
        variance_x, variance_y = xx - mean_x**2, yy - mean_y**2
        correlation = (xy - mean_x * mean_y) / np.sqrt(variance_x * variance_y)
    correlation = np.where(variance_x > CONSTANT, correlation, 0.0)
    defined = (count > 0) & (variance_y > CONSTANT)
    return np.where(defined, np.clip(correlation, -1.0, 1.0), np.nan)
