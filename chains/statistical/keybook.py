"""The cache keys of a Fit: who holds them and what their holders answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.persona import KeyKind
from persona_db.chains.statistical.leaning import Leaning, stance_id
from persona_db.chains.statistical.population import AnswerTable, Population
from persona_db.chains.statistical.traits import is_pole, shortened

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "CacheKey",
    "Summary",
    "idf",
    "key_row",
    "make_keys",
    "opposite_rows",
    "read_keys",
    "summarise",
    "units",
]

Floats = NDArray[np.float64]

_LEAST_IDF = 0.05
_LONGEST_NAME = 300  # names are indexed


@dataclass(frozen=True)
class CacheKey:
    """A key of a Fit. `share` is the part of people who hold it; `loadings` its correlation with each trait.

    `opposite` is the id of the key that contradicts it; of a language model's keys also of one that nobody holds yet.
    """

    id: str
    kind: KeyKind
    name: str
    n_holders: int
    idf: float
    share: float
    loadings: tuple[float, ...] = ()
    opposite: str | None = None


def read_keys(graph: Graph, dataset: str, fit: str, *, least: int = 0) -> dict[str, CacheKey]:
    """Return the keys of a Fit that at least *least* people hold, by id, in sorted order."""
    rows = graph.read("fitted_keys", dataset=dataset, fit=fit, least=least)
    return {row["id"]: CacheKey(**{**row, "loadings": tuple(row["loadings"])}) for row in rows}


def key_row(key: CacheKey) -> dict[str, Any]:
    """What the graph keeps of a key by itself; traits and opposite are those of a Fit that knows everybody."""
    return {
        "id": key.id, "kind": key.kind, "name": key.name, "n_holders": key.n_holders, "idf": key.idf,
        "share": key.share,
    }  # fmt: skip


def opposite_rows(keys: Mapping[str, CacheKey], some: Iterable[str]) -> list[dict[str, str]]:
    """The rows of the pairs of opposites among *keys* that one of *some* has a part in, each pair once."""
    pairs = {
        (min(id_, str(keys[id_].opposite)), max(id_, str(keys[id_].opposite)))
        for id_ in some
        if keys[id_].opposite in keys
    }
    return [{"key": first, "opposite": second} for first, second in sorted(pairs)]


@dataclass(frozen=True)
class Summary:
    """What the holders of a key answered to a question: `counts` by option; `n` is their sum."""

    key: str
    question: str
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        return sum(self.counts)


def idf(holders: int, people: int) -> float:
    """Inverse user frequency: log of people over holders, at least 0.05; a key nearly all hold counts little."""
    return max(float(np.log((people + 1) / (holders + 0.5))), _LEAST_IDF)


def units(held: Sequence[tuple[float, float]]) -> list[float]:
    """Scale (weight, idf) pairs so that two users' score is the sum over shared keys of the products.

    Each becomes sqrt(idf) x weight over the root of the sum of their squares: the cosine of the
    idf-weighted key profiles (design of the JOIN score).
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

    `held[person]` are their leanings, `traits[person]` their place on the traits, `names` what keys are called.
    Opposites are the two poles of a trait, and the mirrored options of one question, where both are held.
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
            name=shortened(names.get(key, key.split(":", 1)[1]), _LONGEST_NAME),
            n_holders=len(members),
            idf=idf(len(members), people),
            share=share,
            loadings=tuple(float(x) for x in np.clip(scale * mean, -0.95, 0.95)),
            opposite=_opposite(kinds[key], population, holders),
        )
    return keys


def _opposite(leaning: Leaning, population: Population, present: Mapping[str, object]) -> str | None:
    if leaning.kind == "trait" and is_pole(leaning.key):
        other = leaning.key[:-1] + ("-" if leaning.key.endswith("+") else "+")
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


def summarise(
    table: AnswerTable,
    population: Population,
    keys: Mapping[str, CacheKey],
    held: Sequence[Sequence[Leaning]],
    *,
    most: int,
) -> list[Summary]:
    """Return what each key's holders answered: the *most* telling questions a key, all of them for demographics.

    Only counts of at least `min_holders` answers, and never a stance's own question.
    """
    from scipy.sparse import csr_array

    position = {key: row for row, key in enumerate(keys)}
    rows = [position[leaning.key] for own in held for leaning in own if leaning.key in position]
    columns = [person for person, own in enumerate(held) for leaning in own if leaning.key in position]
    holding = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(keys), len(held)))
    tables: list[NDArray[np.int64]] = []
    telling: list[Floats] = []
    for column, scale in enumerate(population.scales):
        width = len(scale.rates)
        answered = np.flatnonzero(table.choice[:, column] >= 0)
        onehot = csr_array(
            (np.ones(len(answered)), (answered, table.choice[answered, column])), shape=(len(held), max(width, 1))
        )
        counts = np.asarray((holding @ onehot).toarray(), dtype=np.int64)
        n = counts.sum(axis=1)
        mean = counts @ np.nan_to_num(scale.values) / np.maximum(n, 1) if width else np.zeros(len(keys))
        tables.append(counts)
        telling.append(np.where(n >= population.settings.min_holders, np.abs(mean) * np.sqrt(n), 0.0))
    strength = np.array(telling).T if telling else np.zeros((len(keys), 0))
    found: list[Summary] = []
    for row, key in enumerate(keys.values()):
        count = strength.shape[1] if key.kind == "demographic" else most
        for question in np.argsort(-strength[row], kind="stable")[:count]:
            name = population.questions[question].id
            if strength[row, question] > 0 and not key.id.startswith(f"stance:{name}="):
                found.append(Summary(key.id, name, tuple(int(c) for c in tables[question][row])))
    return found
