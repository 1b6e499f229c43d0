"""Ridge regression for several penalties at once, by rows or by columns, whichever are fewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_db.evals.answers import Floats

__all__ = ["ridge_by_columns", "ridge_by_rows"]

SMALL = 128
"""Most columns for which one eigendecomposition costs less than a factorisation for each penalty."""


def ridge_by_rows(inputs: Floats, outputs: Floats, asked: Floats, penalties: Sequence[float]) -> list[Floats]:
    """Return what the regression of *outputs* on *inputs* (both of mean 0) predicts for *asked*, for each penalty.

    It costs rows cubed: use it where rows are fewer than columns.
    """
    values, vectors = np.linalg.eigh(inputs @ inputs.T)
    turned = vectors.T @ outputs
    near = asked @ inputs.T @ vectors
    return [near @ (turned / (np.maximum(values, 0.0) + penalty)[:, None]) for penalty in penalties]


def ridge_by_columns(products: Floats, inner: Floats, asked: Floats, penalties: Sequence[float]) -> list[Floats]:
    """Return the same from `inputs' inputs` (*products*) and `inputs' outputs` (*inner*); it costs columns cubed."""
    if len(products) <= SMALL:
        values, vectors = np.linalg.eigh(products)
        turned, near = vectors.T @ inner, asked @ vectors
        return [near @ (turned / (np.maximum(values, 0.0) + penalty)[:, None]) for penalty in penalties]
    from scipy.linalg import cho_factor, cho_solve

    fits = []
    for penalty in penalties:
        penalised = products.copy()
        np.fill_diagonal(penalised, penalised.diagonal() + penalty)
        factor = cho_factor(penalised, lower=True, overwrite_a=True, check_finite=False)
        fits.append(np.asarray(asked @ cho_solve(factor, inner, check_finite=False)))
    return fits
