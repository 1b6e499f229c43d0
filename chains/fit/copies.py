"""Near copies: people whose answers agree with another person's far more than chance and similarity explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable

__all__ = ["LEAST_PEOPLE", "near_copies"]

Choice = NDArray[np.int16]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_PEOPLE = 30
"""Among fewer people nobody is excluded, since the usual agreement cannot be estimated."""


_LEAST_ANSWERS = 20
_HASHES, _BAND = 48, 4
_NEIGHBOURS = 2
_SAMPLE, _COMPARED = 200, 5_000
_BY_CHANCE = 1e-4
_PAIRS_AT_ONCE = 20_000


def near_copies(table: AnswerTable, *, least: float) -> dict[int, float]:
    """Return the rows of users who copy a user of lower id, each with their agreement; 1 is full agreement.

    A copy agrees beyond chance (Cohen's kappa) by *least* or more, on 20 questions or more, and so closely as one in
    ten thousand pairs of ordinary nearest neighbours: members of a party who vote alike are no copies.
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
    paired = sorted(np.flatnonzero(best > 0).tolist(), key=lambda row: table.users[able[row]])
    original: dict[int, int] = {}
    for row in paired:
        original.setdefault(int(cluster[row]), row)
    return {int(able[row]): float(best[row]) for row in paired if original[int(cluster[row])] != row}


class _Agreement:
    """The agreement of pairs of people: kappa (0 on too few common questions), differing and common answers."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        answers = [column[column >= 0] for column in choice.T]
        self._chance = np.array([((np.bincount(a) / max(len(a), 1)) ** 2).sum() for a in answers])

    def __call__(self, first: Integers, second: Integers) -> tuple[Floats, Integers, Integers]:
        kappa = np.zeros(len(first))
        differ, common = np.zeros((2, len(first)), dtype=np.int64)
        for start in range(0, len(first), _PAIRS_AT_ONCE):
            chunk = slice(start, start + _PAIRS_AT_ONCE)
            left, right = self._choice[first[chunk]], self._choice[second[chunk]]
            both = (left >= 0) & (right >= 0)
            n = both.sum(axis=1)
            different = ((left != right) & both).sum(axis=1)
            chance = np.minimum((both @ self._chance) / np.maximum(n, 1), 1 - 1e-9)
            kappa[chunk] = np.where(n >= _LEAST_ANSWERS, 1 - different / np.maximum(n, 1) / (1 - chance), 0.0)
            differ[chunk], common[chunk] = different, n
        return kappa, differ, common


def _candidates(choice: Choice) -> tuple[Integers, Integers]:
    """Return pairs who may agree in nearly all answers: neighbours in an order by a part of their signatures.

    A signature holds minimum hashes of a person's answers (MinHash): two people have the same hash as often as they
    share answers.
    """
    widest = int(choice.max()) + 1
    rng = np.random.default_rng(0)
    hashes = rng.integers(1, 2**32 - 1, size=(_HASHES, choice.shape[1], widest), dtype=np.uint32)
    signature = np.empty((len(choice), _HASHES), dtype=np.uint32)
    columns = np.arange(choice.shape[1])
    answered, option = choice >= 0, np.maximum(choice, 0)
    for index, drawn in enumerate(hashes):
        signature[:, index] = np.where(answered, drawn[columns, option], np.uint32(2**32 - 1)).min(axis=1)
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
    """Return a low percentile of the share of answers in which people differ from their most similar non-copy."""
    rng = np.random.default_rng(0)
    drawn = rng.permutation(people)[:_SAMPLE]
    others = np.sort(rng.permutation(people)[:_COMPARED])
    found = []
    for person in drawn.tolist():
        kappa, differ, both = alike(np.full(len(others), person), others)
        kappa = np.where((kappa < below) & (others != person), kappa, -1.0)
        nearest = int(kappa.argmax())
        if kappa[nearest] > 0:
            found.append(differ[nearest] / both[nearest])
    return float(np.percentile(found, 10)) if found else 0.0
