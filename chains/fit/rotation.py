"""Latent traits that can be read: loadings rotated so that each is about few questions, and how stable each is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["congruence", "stability", "varimax"]

Floats = NDArray[np.float64]
_SWEEPS = 100
_NEAR, _SMALL = 1e-3, 1e-7  # radians: how near a maximum is told from others, and is taken for found
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
    best = _simplest_from(rows, until=_NEAR)
    for start in _STARTS:
        turned = rows @ np.linalg.qr(np.random.default_rng(start).normal(size=(traits, traits)))[0]
        found = _simplest_from(turned, until=_NEAR)
        if _criterion(found) > _criterion(best) + _NEAR**2:
            best = found
    return _in_order(_simplest_from(best, until=_SMALL) * length)


def _simplest_from(rows: Floats, *, until: float) -> Floats:
    """Return *rows* turned plane by plane, from where they stand, to where no turn wider than *until* raises the
    criterion.
    """
    turned = np.array(rows.T)  # a trait's loadings lie side by side
    rounds = list(_rounds(len(turned)))
    for _ in range(_SWEEPS):
        widest = max(_turn(turned, one, other) for one, other in rounds)
        if widest < until:
            break
    return np.array(turned.T)


def _rounds(traits: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield all pairs of traits in rounds that have each trait once, as a tournament has its players.

    One trait stays and the others go round it; with an odd number, whoever would meet the one too many waits.
    """
    size = traits + traits % 2
    ring = np.arange(1, size)
    for turn in range(size - 1):
        order = np.concatenate([[0], np.roll(ring, turn)])
        one, other = order[: size // 2], order[: size // 2 - 1 : -1]
        playing = (one < traits) & (other < traits)
        yield one[playing], other[playing]


def _criterion(rows: Floats) -> float:
    """Return the sum of the variances of the squares of each trait's loadings."""
    return float((rows**2).var(axis=0).sum())


def _turn(rows: Floats, one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Turn pairs of traits (rows of loadings) in their planes to the maximum of the criterion, in place.

    No trait may be in two of the pairs. Return the widest angle.
    """
    x, y = rows[one], rows[other]
    u, v = x**2 - y**2, 2 * x * y
    total, crossed = u.sum(axis=1), v.sum(axis=1)
    size = rows.shape[1]
    sine = 2 * (u * v).sum(axis=1) - 2 * total * crossed / size
    cosine = (u**2 - v**2).sum(axis=1) - (total**2 - crossed**2) / size
    angle = np.arctan2(sine, cosine)[:, None] / 4
    rows[other] = y * np.cos(angle) - x * np.sin(angle)
    rows[one] = x * np.cos(angle) + y * np.sin(angle)
    return float(np.abs(angle).max())


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
