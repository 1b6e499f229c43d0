"""Where the cache keys of a Fit stand in its key vectors, by which the JOIN finds its candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.statistical.keybook import CacheKey

__all__ = ["KEY_VECTOR_DIMENSION", "KeySpace"]

Floats = NDArray[np.float64]

KEY_VECTOR_DIMENSION = 384
_ROUNDS = 3  # more change no recall


class KeySpace:
    """Turns the keys that a person holds into a unit vector whose cosines come close to the JOIN score.

    Every key has a direction; opposite keys have opposite ones, so that disagreement subtracts. A Fit with no more
    keys than dimensions (opposites count once) gives each a coordinate of its own: the cosine is then the score.
    With more keys, those that weigh most in the scores still have their own, and the others share the coordinates
    left by codes that disturb the scores least: directions whose crosstalk, weighted by how much the keys weigh,
    is the smallest there can be (as spreading sequences in Viswanath and Anantharam, "Optimal sequences and sum
    capacity of synchronous CDMA systems", 1999).
    """

    def __init__(self, keys: Mapping[str, CacheKey], *, dimension: int = KEY_VECTOR_DIMENSION) -> None:
        self._keys = dict(sorted(keys.items()))
        self.dimension = dimension

    def vector(self, profile: Iterable[tuple[str, float]]) -> list[float]:
        """Return the key vector of (key, unit) pairs; empty for no pairs, or when they cancel out."""
        held = [(self._row[key], unit) for key, unit in profile]
        if not held:
            return []
        total = np.array([unit for _, unit in held]) @ self.directions[[row for row, _ in held]]
        norm = float(np.sqrt(total @ total))
        return [float(x) for x in total / norm] if norm > 0 else []

    @cached_property
    def directions(self) -> Floats:
        """The direction of every key, a row each, in the order of their ids."""
        axes = sorted({_axis(key) for key in self._keys.values()})
        place = {axis: row for row, axis in enumerate(axes)}
        energy = np.zeros(len(axes))
        for key in self._keys.values():
            energy[place[_axis(key)]] += key.n_holders * key.idf
        codes = _codes(axes, energy, self.dimension)
        signs = [-1.0 if _axis(key) != key.id else 1.0 for key in self._keys.values()]
        rows = [place[_axis(key)] for key in self._keys.values()]
        return np.asarray(np.array(signs)[:, None] * codes[rows]).reshape(len(rows), self.dimension)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self._keys)}


def _axis(key: CacheKey) -> str:
    """Name what a key and its opposite lie on: the lesser of their ids."""
    return key.id if key.opposite is None else min(key.id, key.opposite)


def _codes(axes: list[str], energy: Floats, dimension: int) -> Floats:
    """Return a unit code for each axis, weighed by its mean square in the profiles (up to a factor)."""
    order = np.argsort(-energy, kind="stable")
    alone = _with_own_coordinate(energy[order], dimension)
    codes = np.zeros((len(axes), dimension))
    codes[order[:alone], np.arange(alone)] = 1.0
    shared = order[alone:]
    if len(shared):
        start = np.array([_signs(axes[axis], dimension - alone) for axis in shared])
        codes[shared, alone:] = _tight(start, np.sqrt(energy[shared]))
    return codes


def _with_own_coordinate(energy: Floats, dimension: int) -> int:
    """Tell how many of the heaviest axes get a coordinate of their own; *energy* is in descending order.

    All when they fit; else those that outweigh an equal part of what the rest would put on a coordinate.
    """
    if len(energy) <= dimension:
        return len(energy)
    rest = np.cumsum(energy[::-1])[::-1]
    alone = 0
    while alone < dimension - 1 and energy[alone] * (dimension - alone) > rest[alone]:
        alone += 1
    return alone


def _signs(axis: str, dimension: int) -> Floats:
    seed = int.from_bytes(blake2b(axis.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).integers(0, 2, dimension) * 2.0 - 1.0


def _tight(codes: Floats, weights: Floats) -> Floats:
    """Move unit codes to where their weighted crosstalk is least: every coordinate carries as much as any other.

    By alternating projection: the nearest matrix with orthonormal columns, then rows back to length 1.
    """
    for _ in range(_ROUNDS):
        codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        left, _, right = np.linalg.svd(codes * weights[:, None], full_matrices=False)
        codes = (left @ right) / weights[:, None]
    return np.asarray(codes / np.linalg.norm(codes, axis=1, keepdims=True))
