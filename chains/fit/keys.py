"""The cache keys of a Fit, and their weights in the JOIN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.leanings import Leaning
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.traits import NO_POLES, Claim, Pole
from persona_db.chains.labels.names import Names
from persona_db.chains.labels.texts import shortened, unique
from persona_db.chains.persona import KeyKind
from persona_db.graph.ids import is_pole, opposite_pole, stance_id, style_id

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "CacheKey",
    "idf",
    "key_names",
    "key_row",
    "make_keys",
    "off_scale_word",
    "opposite_rows",
    "profiles",
    "units",
]

Floats = NDArray[np.float64]
_LEAST_IDF = 0.05
_LONGEST_WORD = 24


@dataclass(frozen=True)
class CacheKey:
    """A key of a Fit. `share` is the part of people who hold it; `loadings` its correlation with each trait.

    `n_stated` of the holders hold it not by inference alone; `claims` is what its name says of these, and is not read
    back.
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
    n_stated: int = 0
    claims: tuple[Claim, ...] = ()


def key_row(key: CacheKey) -> dict[str, Any]:
    """Return the row of a key alone; its trait loadings and its opposite are written when everybody is refined."""
    return {
        "id": key.id, "kind": key.kind, "name": key.name, "n_holders": key.n_holders, "idf": key.idf,
        "share": key.share, "n_stated": key.n_stated,
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
    poles: Mapping[str, Pole] = NO_POLES,
) -> dict[str, CacheKey]:
    """Return the keys that the people of *held* lean to, by id in sorted order.

    `held[person]` are their leanings, `traits[person]` their trait scores, `names` the names of keys by id. No two keys
    have the same name. The two poles of a trait are opposites, and so are the two sides of a
    question's scale, where both are held.
    """
    holders: dict[str, list[int]] = {}
    kinds: dict[str, Leaning] = {}
    stated: Counter[str] = Counter()
    for person, own in enumerate(held):
        for leaning in own:
            holders.setdefault(leaning.key, []).append(person)
            kinds[leaning.key] = leaning
            stated[leaning.key] += not leaning.inferred
    people = len(held)
    called = unique((key, names.get(key, key.split(":", 1)[1])) for key in _stances_first(kinds))
    keys: dict[str, CacheKey] = {}
    for key in sorted(holders):
        members = holders[key]
        share = len(members) / people
        mean = traits[members].mean(axis=0) if traits.shape[1] else np.zeros(0)
        scale = np.sqrt(share / max(1 - share, 1 / people)) * len(members) / (len(members) + 1)
        keys[key] = CacheKey(
            id=key,
            kind=kinds[key].kind,
            name=called[key],
            n_holders=len(members),
            n_stated=stated.get(key, 0),
            idf=idf(len(members), people),
            share=share,
            loadings=tuple(float(x) for x in np.clip(scale * mean, -0.95, 0.95)),
            opposite=_opposite(kinds[key], population, holders),
            claims=_claimed(kinds[key], population, poles),
        )
    return keys


def key_names(
    population: Population, held: Iterable[Sequence[Leaning]], names: Names, poles: Mapping[str, Pole]
) -> dict[str, str]:
    """Return the name of each stance and pole that somebody of *held* leans to, by id."""
    found = {pole.id: pole.name for pole in poles.values()}
    for own in held:
        for leaning in own:
            if leaning.kind == "stance" and leaning.key not in found:
                found[leaning.key] = names.side(population.questions[leaning.question].id, leaning.side)
    word = off_scale_word(population)
    found[style_id(often=True)] = f"Often answers \u201c{word}\u201d" if word else "Often takes no side"
    found[style_id(often=False)] = f"Rarely answers \u201c{word}\u201d" if word else "Nearly always takes a side"
    return found


def off_scale_word(population: Population) -> str:
    """Return the text of most answers off the scale, shortened; "" where no text is that of three in four."""
    said: Counter[str] = Counter()
    for question, counts, off in zip(population.questions, population.counts, population.off_scale, strict=True):
        for option in np.flatnonzero(off).tolist():
            said[question.options[option]] += int(counts[option])
    text, most = said.most_common(1)[0] if said else ("", 0)
    return shortened(text, _LONGEST_WORD) if 4 * most >= 3 * said.total() and most else ""


def _stances_first(leanings: Mapping[str, Leaning]) -> list[str]:
    """Return the keys in the order in which they take their names."""
    return sorted(leanings, key=lambda key: (leanings[key].kind != "stance", key))


def _claimed(leaning: Leaning, population: Population, poles: Mapping[str, Pole]) -> tuple[Claim, ...]:
    if leaning.key in poles:
        return poles[leaning.key].claims
    if leaning.kind == "stance" and leaning.question >= 0:
        return ((population.questions[leaning.question].id, leaning.side),)
    return ()


def _opposite(leaning: Leaning, population: Population, present: Mapping[str, object]) -> str | None:
    if leaning.kind == "trait" and is_pole(leaning.key):
        other = opposite_pole(leaning.key)
    elif leaning.kind == "stance" and leaning.question >= 0:
        question = population.questions[leaning.question]
        sides = list(dict.fromkeys(population.sides[leaning.question].values()))
        mirrored = sides[len(sides) - 1 - sides.index(leaning.side)]
        if mirrored == leaning.side or not (question.ordinal or len(sides) == 2):
            return None
        other = stance_id(question.id, *mirrored)
    elif leaning.kind == "style":
        other = style_id(often=leaning.key != style_id(often=True))
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
