"""Near copies: people whose answers agree with somebody else's far more than chance and likeness would have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable

__all__ = ["LEAST_PEOPLE", "near_copies"]

Choice = NDArray[np.int16]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_PEOPLE = 30
"""Among fewer nobody is left out: what is usual cannot be told."""


_LEAST_ANSWERS = 20
_HASHES, _BAND = 48, 4
_NEIGHBOURS = 2
_SAMPLE, _COMPARED = 200, 5_000
_BY_CHANCE = 1e-4
_PAIRS_AT_ONCE = 20_000


def near_copies(table: AnswerTable, *, least: float) -> dict[int, float]:
    """Return the rows of users who copy one of a lower id, each with how far they agree: 1 is in all both answered.

    Agreement beyond chance (Cohen's kappa) of *least* or more, on 20 questions or more, and such as people who are
    ordinarily each other's likest would have once in ten thousand: members of a party who vote alike are no copies.
    """
    able = np.flatnonzero((table.choice >= 0).sum(axis=1) >= _LEAST_ANSWERS)
    if len(able) < LEAST_PEOPLE:
        return {}
    alike = _Agreement(table.choice[able])
    first, second = _candidates(table.choice[able])
    kappa, differ, both = alike(first, second)
    close = kappa >= least
    if not close.any():
        return {}
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.stats import binom

    close &= binom.cdf(differ, both, _ordinary_difference(alike, len(able), below=least)) < _BY_CHANCE
    first, second, kappa = first[close], second[close], kappa[close]
    pairs = coo_array((np.ones(len(first)), (first, second)), shape=(len(able), len(able)))
    _, cluster = connected_components(pairs, directed=False)
    best = np.zeros(len(able))
    np.maximum.at(best, first, kappa)
    np.maximum.at(best, second, kappa)
    paired = sorted(np.flatnonzero(best > 0).tolist(), key=lambda place: table.users[able[place]])
    stays: dict[int, int] = {}
    for place in paired:
        stays.setdefault(int(cluster[place]), place)
    return {int(able[at]): float(best[at]) for at in paired if stays[int(cluster[at])] != at}


class _Agreement:
    """How pairs of people agree: kappa (0 where too little is common), in how many they differ, and of how many."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        answers = [column[column >= 0] for column in choice.T]
        self._chance = np.array([((np.bincount(a) / max(len(a), 1)) ** 2).sum() for a in answers])

    def __call__(self, first: Integers, second: Integers) -> tuple[Floats, Integers, Integers]:
        kappa = np.zeros(len(first))
        differ, common = np.zeros((2, len(first)), dtype=np.int64)
        for start in range(0, len(first), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            one, other = self._choice[first[some]], self._choice[second[some]]
            both = (one >= 0) & (other >= 0)
            n = both.sum(axis=1)
            different = ((one != other) & both).sum(axis=1)
            chance = np.minimum((both @ self._chance) / np.maximum(n, 1), 1 - 1e-9)
            kappa[some] = np.where(n >= _LEAST_ANSWERS, 1 - different / np.maximum(n, 1) / (1 - chance), 0.0)
            differ[some], common[some] = different, n
        return kappa, differ, common


def _candidates(choice: Choice) -> tuple[Integers, Integers]:
    """Pairs who may agree in nearly all: those who are next to each other by a part of their signatures.

    A signature is of least hashes of a person's answers: two are equal in a place as often as answers are shared.
    """
    widest = int(choice.max()) + 1
    rng = np.random.default_rng(0)
    hashes = rng.integers(1, 2**32 - 1, size=(_HASHES, choice.shape[1], widest), dtype=np.uint32)
    signature = np.empty((len(choice), _HASHES), dtype=np.uint32)
    columns = np.arange(choice.shape[1])
    answered, option = choice >= 0, np.maximum(choice, 0)
    for place, drawn in enumerate(hashes):
        signature[:, place] = np.where(answered, drawn[columns, option], np.uint32(2**32 - 1)).min(axis=1)
    pairs = []
    for band in range(0, _HASHES, _BAND):
        turned = np.roll(signature, -band, axis=1)
        order = np.lexsort(turned.T[::-1])
        head = turned[order, :_BAND]
        for step in range(1, _NEIGHBOURS + 1):
            same = (head[step:] == head[:-step]).all(axis=1)
            pairs.append(np.sort(np.stack([order[:-step][same], order[step:][same]]), axis=0))
    found = np.unique(np.concatenate(pairs, axis=1), axis=1)
    return found[0], found[1]


def _ordinary_difference(alike: _Agreement, people: int, *, below: float) -> float:
    """In what share of answers somebody differs from their likest: a low one, of those whose likest is no copy."""
    rng = np.random.default_rng(0)
    drawn = rng.permutation(people)[:_SAMPLE]
    others = np.sort(rng.permutation(people)[:_COMPARED])
    found = []
    for person in drawn.tolist():
        kappa, differ, both = alike(np.full(len(others), person), others)
        kappa = np.where((kappa < below) & (others != person), kappa, -1.0)
        likest = int(kappa.argmax())
        if kappa[likest] > 0:
            found.append(differ[likest] / both[likest])
    return float(np.percentile(found, 10)) if found else 0.0
