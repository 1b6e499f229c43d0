"""The cache keys of a Fit, and their weights in the JOIN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.leanings import Leaning
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.traits import shortened
from persona_db.chains.persona import KeyKind
from persona_db.graph.ids import is_pole, opposite_pole, stance_id

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["CacheKey", "idf", "key_row", "make_keys", "opposite_rows", "profiles", "units"]

Floats = NDArray[np.float64]
_LEAST_IDF = 0.05
LONGEST_NAME = 300  # names are indexed


@dataclass(frozen=True)
class CacheKey:
    """A key of a Fit. `share` is the part of people who hold it; `loadings` its correlation with each trait.

    `opposite` is the id of the key that contradicts it; for a language model's key possibly one that nobody holds yet.
    """

    id: str
    kind: KeyKind
    name: str
    n_holders: int
    idf: float
    share: float
    loadings: tuple[float, ...] = ()
    opposite: str | None = None


def key_row(key: CacheKey) -> dict[str, Any]:
    """Return the row of a key alone; its trait loadings and its opposite are written when everybody is refined."""
    return {
        "id": key.id, "kind": key.kind, "name": key.name, "n_holders": key.n_holders, "idf": key.idf,
        "share": key.share,
    }  # fmt: skip


def opposite_rows(keys: Mapping[str, CacheKey], ids: Iterable[str]) -> list[dict[str, str]]:
    """Return the rows of the pairs of opposites among *keys* with a member in *ids*, each pair once."""
    pairs = {
        (min(id_, str(keys[id_].opposite)), max(id_, str(keys[id_].opposite)))
        for id_ in ids
        if keys[id_].opposite in keys
    }
    return [{"key": first, "opposite": second} for first, second in sorted(pairs)]


def idf(holders: int, people: int) -> float:
    """Return the inverse user frequency: log of people over holders, at least 0.05; common keys count little."""
    return max(float(np.log((people + 1) / (holders + 0.5))), _LEAST_IDF)


def units(held: Sequence[tuple[float, float]]) -> list[float]:
    """Return the unit of each (weight, idf) pair of a user: the JOIN score is the sum of products over shared keys.

    A unit is sqrt(idf) x weight, over the root of the sum of squares of all of the user's: the score is the cosine of
    two idf-weighted key profiles.
    """
    raw = np.array([np.sqrt(inverse) * weight for weight, inverse in held])
    norm = float(np.sqrt((raw**2).sum()))
    return [float(value) for value in raw / norm] if norm else [0.0] * len(held)


def make_keys(
    population: Population,
    held: Sequence[Sequence[Leaning]],
    traits: Floats,
    names: Mapping[str, str],
) -> dict[str, CacheKey]:
    """Return the keys that the people of *held* lean to, by id in sorted order.

    `held[person]` are their leanings, `traits[person]` their trait scores, `names` the names of keys. The two poles of
    a trait are opposites, and so are mirrored options of a question, where both are held.
    """
    holders: dict[str, list[int]] = {}
    kinds: dict[str, Leaning] = {}
    for person, own in enumerate(held):
        for leaning in own:
            holders.setdefault(leaning.key, []).append(person)
            kinds[leaning.key] = leaning
    people = len(held)
    keys: dict[str, CacheKey] = {}
    for key in sorted(holders):
        members = holders[key]
        share = len(members) / people
        mean = traits[members].mean(axis=0) if traits.shape[1] else np.zeros(0)
        scale = np.sqrt(share / max(1 - share, 1 / people)) * len(members) / (len(members) + 1)
        keys[key] = CacheKey(
            id=key,
            kind=kinds[key].kind,
            name=shortened(names.get(key, key.split(":", 1)[1]), LONGEST_NAME),
            n_holders=len(members),
            idf=idf(len(members), people),
            share=share,
            loadings=tuple(float(x) for x in np.clip(scale * mean, -0.95, 0.95)),
            opposite=_opposite(kinds[key], population, holders),
        )
    return keys


def _opposite(leaning: Leaning, population: Population, present: Mapping[str, object]) -> str | None:
    if leaning.kind == "trait" and is_pole(leaning.key):
        other = opposite_pole(leaning.key)
    elif leaning.kind == "stance" and leaning.question >= 0:
        order = population.scales[leaning.question].order
        if leaning.option not in order:
            return None
        mirrored = order[len(order) - 1 - order.index(leaning.option)]
        if mirrored == leaning.option:
            return None
        other = stance_id(population.questions[leaning.question].id, mirrored)
    else:
        return None
    return other if other in present else None


def profiles(people: Sequence[Sequence[Leaning]], keys: Mapping[str, CacheKey]) -> csr_array:
    """Return everybody's key profile (people x keys, sparse): the dot product of two rows is their JOIN score.

    Opposite keys share a column with opposite signs.
    """
    from scipy.sparse import csr_array

    position = {key: column for column, key in enumerate(keys)}
    rows, columns, entries = [], [], []
    for person, own in enumerate(people):
        held = [leaning for leaning in own if leaning.key in keys]
        for leaning, unit in zip(held, units([(h.weight, keys[h.key].idf) for h in held]), strict=True):
            opposite = keys[leaning.key].opposite
            flipped = opposite in keys and str(opposite) < leaning.key
            rows.append(person)
            columns.append(position[str(opposite)] if flipped else position[leaning.key])
            entries.append(-unit if flipped else unit)
    return csr_array((entries, (rows, columns)), shape=(len(people), len(keys)))
