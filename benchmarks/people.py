"""Who is in a benchmark: people and the weighted keys they hold, made up or resampled from what a Fit holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.keys import CacheKey, idf

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["People", "Profile", "resampled", "synthetic"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Profile = Mapping[str, float]
"""The weight of each key that a person holds."""

KEPT = 0.85
SWAPPED = 0.15
JITTER = 0.2
DRAWN_AT_ONCE = 2_000
VECTOR_DIMENSION = 384


@dataclass(frozen=True)
class People:
    """People and what they hold: `keys` by id in order; person `rows[i]` holds key `columns[i]` with `weights[i]`."""

    name: str
    count: int
    keys: Mapping[str, CacheKey]
    rows: Integers
    columns: Integers
    weights: Floats

    @cached_property
    def ids(self) -> list[str]:
        return [f"u{person:06d}" for person in range(self.count)]

    @property
    def held(self) -> float:
        """How many keys a person holds, on average."""
        return len(self.rows) / self.count

    @cached_property
    def units(self) -> Floats:
        """What `keybook.units` makes of the weights, for all at once."""
        inverse = np.array([key.idf for key in self.keys.values()])
        raw = self.weights * np.sqrt(inverse[self.columns])
        norms = np.sqrt(np.bincount(self.rows, weights=raw**2, minlength=self.count))
        return np.asarray(raw / norms[self.rows])

    @cached_property
    def profiles(self) -> csr_array:
        """People x axes: opposite keys lie on one axis with opposite signs, so that products are JOIN scores."""
        from scipy.sparse import csr_array

        place = {key: column for column, key in enumerate(self.keys)}
        axis, sign = np.arange(len(self.keys)), np.ones(len(self.keys))
        for column, key in enumerate(self.keys.values()):
            if key.opposite is not None and key.opposite < key.id:
                axis[column], sign[column] = place[key.opposite], -1.0
        entries = self.units * sign[self.columns]
        return csr_array((entries, (self.rows, axis[self.columns])), shape=(self.count, len(self.keys)))

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """A unit vector a person, whose cosines come close to the JOIN score (within about 0.05).

        Every key has a fixed pseudo-random code made from its id; opposite keys have opposite codes.
        """
        from scipy.sparse import csr_array

        directions = np.array([_code(key) for key in self.keys.values()])
        holding = csr_array((self.units, (self.rows, self.columns)), shape=(self.count, len(self.keys)))
        vectors = np.asarray(holding @ directions, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def each(self) -> Iterator[tuple[str, list[tuple[str, float, float]]]]:
        """Yield every person with the (key, weight, unit) they hold."""
        names = list(self.keys)
        bounds = np.searchsorted(self.rows, np.arange(self.count + 1))
        for person, id_ in enumerate(self.ids):
            held = range(bounds[person], bounds[person + 1])
            yield id_, [(names[self.columns[i]], float(self.weights[i]), float(self.units[i])) for i in held]


def synthetic(count: int, *, keys: int = 2_000, held: int = 12, opposed: float = 0.3, seed: int = 0) -> People:
    """Return people who each hold *held* of *keys* keys, drawn independently by Zipf popularity (exponent 0.8).

    Weights are uniform between 0.2 and 1; *opposed* is the part of keys that have an opposite.
    """
    rng = np.random.default_rng(seed)
    popularity = np.log(np.arange(1, keys + 1) ** -0.8)
    drawn = []
    for start in range(0, count, DRAWN_AT_ONCE):
        luck = rng.gumbel(size=(min(DRAWN_AT_ONCE, count - start), keys))
        drawn.append(np.argpartition(-(popularity + luck), held, axis=1)[:, :held])
    pairs = rng.permutation(keys)[: int(keys * opposed) // 2 * 2].reshape(-1, 2)
    names = [f"key:{key:04d}" for key in range(keys)]
    opposite = {names[a]: names[b] for one in (pairs, pairs[:, ::-1]) for a, b in one}
    people = np.repeat(np.arange(count), held)
    return _people("synthetic", count, names, opposite, people, np.concatenate(drawn).ravel(),
                   rng.uniform(0.2, 1.0, count * held))  # fmt: skip


def resampled(
    name: str, profiles: Sequence[Profile], opposites: Mapping[str, str], count: int, *, seed: int = 0
) -> People:
    """Return people made of *profiles* that somebody really has, no two of them meant to be exact copies.

    Each is one drawn person, every key kept with probability 0.85 and its weight changed by up to a fifth, with the
    keys of a second drawn person added with probability 0.15 each where they neither repeat nor oppose one there.
    """
    rng = np.random.default_rng(seed)
    names = sorted({key for profile in profiles for key in profile})
    place = {key: column for column, key in enumerate(names)}
    axis = np.array([place[min(key, opposites[key])] if opposites.get(key) in place else place[key] for key in names])
    held = [(np.array([place[key] for key in p], dtype=np.int64), np.array(list(p.values()))) for p in profiles if p]
    rows, columns, weights = [], [], []
    for person in range(count):
        own, others = (held[int(drawn)] for drawn in rng.integers(len(held), size=2))
        kept = rng.random(len(own[0])) < KEPT
        kept[int(np.argmax(own[1]))] = True  # nobody is left without a key
        added = (rng.random(len(others[0])) < SWAPPED) & ~np.isin(axis[others[0]], axis[own[0][kept]])
        columns.append(np.concatenate([own[0][kept], others[0][added]]))
        weights.append(np.concatenate([own[1][kept], others[1][added]]))
        rows.append(np.full(len(columns[-1]), person))
    weight = np.concatenate(weights)
    weight = np.clip(weight * rng.uniform(1 - JITTER, 1 + JITTER, len(weight)), 0.01, 1.0)
    return _people(name, count, names, opposites, np.concatenate(rows), np.concatenate(columns), weight)


def _people(
    name: str, count: int, names: Sequence[str], opposites: Mapping[str, str], rows: Integers, columns: Integers,
    weights: Floats,
) -> People:  # fmt: skip
    """Return people with the keys' popularity counted, as a refinement would."""
    holders = np.bincount(columns, minlength=len(names))
    keys, known = {}, set(names)
    for key, n in zip(names, holders, strict=True):
        other = opposites.get(key)
        keys[key] = CacheKey(
            id=key, kind="topic", name=key, n_holders=int(n), idf=idf(int(n), count), share=float(n / count),
            opposite=other if other in known else None,
        )  # fmt: skip
    return People(name, count, keys, rows, columns, weights)


def _code(key: CacheKey) -> Floats:
    flipped = key.opposite is not None and key.opposite < key.id
    axis = str(key.opposite) if flipped else key.id
    seed = int.from_bytes(blake2b(axis.encode(), digest_size=8).digest(), "big")
    signs = np.random.default_rng(seed).integers(0, 2, VECTOR_DIMENSION) * 2 - 1
    return np.asarray((-1 if flipped else 1) * signs / np.sqrt(VECTOR_DIMENSION))
