"""A factor model of standardised answers, of which each person gave some: what it implies of two questions.

Where few people answered both of two questions, their correlation is known badly; what a few factors shared by all
questions imply of it is known better (Rubin and Thayer 1982, EM for maximum likelihood factor analysis).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["factor_loadings", "factor_posterior", "factor_scores"]

Floats = NDArray[np.float64]
_ROUNDS = 25
_LEAST_UNIQUE = 0.15
_PEOPLE_AT_ONCE = 20_000


def factor_loadings(values: Floats, known: NDArray[np.bool_], *, factors: int, prior: float) -> tuple[Floats, Floats]:
    """Return the loadings of the questions (questions x factors) and what is left of the variance of each.

    `values` are standardised answers (people x questions), read where they are `known`. *prior* is how many people of
    score 1 who gave the mean answer count beside the real ones: it pulls loadings to 0. Deterministic; linear in
    people and questions.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> shared = rng.normal(size=(500, 1))
    >>> answers = 0.8 * shared + 0.6 * rng.normal(size=(500, 6))
    >>> loadings, unique = factor_loadings(answers, rng.random(answers.shape) < 0.5, factors=1, prior=1.0)
    >>> bool(np.all(np.abs(loadings @ loadings.T - 0.64) < 0.15))
    True
    """
    people, size = values.shape
    factors = min(factors, size)
    loadings = np.random.default_rng(0).normal(0.0, 0.2, (size, factors))
    unique = np.ones(size)
    squares = (np.where(known, values, 0.0) ** 2).sum(axis=0)
    counts = known.sum(axis=0)
    for _ in range(_ROUNDS if factors and people else 0):
        second = np.zeros((size, factors, factors))
        products = np.zeros((size, factors))
        spread = np.zeros((factors, factors))
        for start in range(0, people, _PEOPLE_AT_ONCE):
            some = known[start : start + _PEOPLE_AT_ONCE].astype(np.float64)
            given = values[start : start + _PEOPLE_AT_ONCE] * some
            scores, uncertain = factor_posterior(given, some, loadings, unique)
            moments = uncertain + scores[:, :, None] * scores[:, None, :]
            second += (some.T @ moments.reshape(len(some), -1)).reshape(second.shape)
            products += given.T @ scores
            spread += moments.sum(axis=0)
        loadings = np.asarray(np.linalg.solve(second + prior * np.eye(factors), products[:, :, None])[:, :, 0])
        left = squares - 2 * (loadings * products).sum(axis=1)
        left += np.einsum("qi,qij,qj->q", loadings, second, loadings)
        unique = np.asarray(np.maximum((left + prior) / (counts + prior), _LEAST_UNIQUE), dtype=np.float64)
        loadings = loadings @ np.linalg.cholesky(spread / people)  # so that scores have variance 1 again
    return loadings, unique


def factor_scores(values: Floats, known: NDArray[np.bool_], loadings: Floats, unique: Floats) -> Floats:
    """Return people's scores on the factors (people x factors), posterior means; 0 of someone without answers."""
    return factor_posterior(np.where(known, values, 0.0), known.astype(np.float64), loadings, unique)[0]


def factor_posterior(given: Floats, known: Floats, loadings: Floats, unique: Floats) -> tuple[Floats, Floats]:
    """Return the posterior means (people x factors) and covariances of scores; *given* is 0 where it is not known."""
    size, factors = loadings.shape
    weighted = loadings / unique[:, None]
    pairs = (weighted[:, :, None] * loadings[:, None, :]).reshape(size, factors**2)
    uncertain = np.asarray(np.linalg.inv((known @ pairs).reshape(len(known), factors, factors) + np.eye(factors)))
    return np.einsum("uij,uj->ui", uncertain, given @ weighted), uncertain
