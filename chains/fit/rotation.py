"""Latent traits that can be read: loadings rotated so that each is about few questions, and how stable each is."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, cos, sin

import numpy as np
from numpy.typing import NDArray

__all__ = ["congruence", "stability", "varimax"]

Floats = NDArray[np.float64]
_SWEEPS = 100
_SMALL = 1e-7
_STARTS = (1, 2, 3)
"""Seeds of the rotations from which the maximum is sought again: turning plane by plane may end in a lesser one."""


def varimax(loadings: Floats) -> Floats:
    """Return *loadings* (questions x traits) after the orthogonal rotation of greatest varimax criterion (Kaiser 1958).

    Rows are normalised first, so that each question counts alike. What the traits imply of the correlation of two
    questions stays as it was. Traits come by their sum of squares, largest first; the mean of each is not negative.

    >>> import numpy as np
    >>> mixed = np.array([[0.6, 0.6], [0.5, 0.5], [0.6, -0.6], [0.5, -0.5]])
    >>> np.sort(np.round(np.abs(varimax(mixed)), 2)).tolist()
    [[0.0, 0.85], [0.0, 0.71], [0.0, 0.85], [0.0, 0.71]]
    """
    traits = loadings.shape[1]
    if traits < 2:
        return _in_order(loadings)
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    rows = loadings / np.maximum(length, 1e-12)
    best = _simplest_from(rows)
    for start in _STARTS:
        found = _simplest_from(rows @ np.linalg.qr(np.random.default_rng(start).normal(size=(traits, traits)))[0])
        if _criterion(found) > _criterion(best) + _SMALL:
            best = found
    return _in_order(best * length)


def _simplest_from(rows: Floats) -> Floats:
    """Return *rows* turned plane by plane, from where they stand, until no turn raises the criterion."""
    rows = rows.copy()
    traits = rows.shape[1]
    for _ in range(_SWEEPS):
        widest = max(_turn(rows, one, other) for one in range(traits) for other in range(one))
        if widest < _SMALL:
            break
    return rows


def _criterion(rows: Floats) -> float:
    """Return the sum of the variances of the squares of each trait's loadings."""
    return float((rows**2).var(axis=0).sum())


def _turn(rows: Floats, one: int, other: int) -> float:
    """Turn two traits in their plane to the maximum of the criterion, in place; return the angle."""
    x, y = rows[:, one], rows[:, other]
    u, v = x**2 - y**2, 2 * x * y
    total, crossed = float(u.sum()), float(v.sum())
    sine = 2 * float(u @ v) - 2 * total * crossed / len(rows)
    cosine = float((u**2 - v**2).sum()) - (total**2 - crossed**2) / len(rows)
    angle = atan2(sine, cosine) / 4
    turned = x * cos(angle) + y * sin(angle)
    rows[:, other] = y * cos(angle) - x * sin(angle)
    rows[:, one] = turned
    return abs(angle)


def _in_order(loadings: Floats) -> Floats:
    order = np.argsort(-(loadings**2).sum(axis=0), kind="stable")
    found = loadings[:, order]
    return np.asarray(found * np.where(found.sum(axis=0) < 0, -1.0, 1.0), dtype=np.float64)


def congruence(one: Floats, other: Floats) -> Floats:
    """Return Tucker's congruence of each trait of *one* with each of *other*, 0 to 1, whatever their signs."""
    lengths = np.outer(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    return np.asarray(np.abs(one.T @ other) / np.maximum(lengths, 1e-12))


def stability(loadings: Floats, resampled: Iterable[Floats]) -> Floats:
    """Return how well each trait is found again: its mean best congruence with the traits of resampled people."""
    best = [congruence(loadings, other).max(axis=1, initial=0.0) for other in resampled]
    return np.asarray(np.mean(best, axis=0)) if best else np.ones(loadings.shape[1])
