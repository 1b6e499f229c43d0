"""Cutting the plane of opinions into groups: how many there are, who is in which, and who is in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BETWEEN", "LEAST_PEOPLE", "Partition", "Trial", "assign", "partition", "said_enough"]

Floats = NDArray[np.float64]
BETWEEN = -1
"""The group of those who are in none."""
LEAST_PEOPLE = 60
"""People without whom no groups are looked for."""
_NUMBERS = range(3, 9)
_LEAST_MEMBERS = 5
_LEAST_SHARE = 0.02
_LEAST_ANSWERS = 7  # as Polis asks of those whom it groups
_MARGIN = 0.1  # of the way from the border between two groups to the centre of one
_BETTER = 0.05  # by which more groups have to be better than fewer
_HALVES = 10
_SEEDED_BY = 500
_MOST_PEOPLE = 5_000


@dataclass(frozen=True)
class Trial:
    """A number of groups: the adjusted Rand index between groups found in halves of the people, and the silhouette."""

    groups: int
    stability: float
    silhouette: float

    @property
    def worth(self) -> float:
        """What the number is chosen by: both count the same."""
        return self.stability + self.silhouette


@dataclass(frozen=True)
class Partition:
    """Groups in the plane, the largest first: the place of each centre, and what was tried."""

    centres: Floats
    tried: tuple[Trial, ...]

    @property
    def chosen(self) -> Trial:
        """The trial of the number of groups that was taken."""
        return next(one for one in self.tried if one.groups == len(self.centres))


def said_enough(choice: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return who answered enough to be in a group: seven questions, or half of them where there are fewer than 14."""
    return np.asarray((choice >= 0).sum(axis=1) >= min(_LEAST_ANSWERS, choice.shape[1] / 2))


def partition(places: Floats, *, seed: int) -> Partition | None:
    """Return the groups of these people; None where they are fewer than 60 or no number of groups fits.

    Centres are found by k-means that starts from Ward's hierarchical clusters. Of 3 to 8 groups, that number is taken
    for which stability and silhouette together are largest, a larger one where it is better by 0.05. Stability is the
    adjusted Rand index, averaged over ten halvings, between the groups of everybody (in between included) that the two
    halves give. A number is left out where a group of it has less than 2 % of the people or fewer than five. Of more
    than 5,000 people a sample is cut.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    if len(places) < LEAST_PEOPLE:
        return None
    rng = np.random.default_rng(seed)
    people = places[np.sort(rng.permutation(len(places))[:_MOST_PEOPLE])]
    found = _centres(people, _NUMBERS, rng)
    stable: dict[int, list[float]] = {number: [] for number in found}
    for _ in range(_HALVES):
        order = rng.permutation(len(people))
        halves = [_centres(people[half], found, rng) for half in np.array_split(order, 2)]
        for number, scores in stable.items():
            sides = [assign(half[number], people)[0] for half in halves if number in half]
            scores.append(float(adjusted_rand_score(*sides)) if len(sides) == 2 else 0.0)
    tried = []
    for number, centres in found.items():
        group, _ = assign(centres, people)
        sizes = np.bincount(group[group != BETWEEN], minlength=number)
        if sizes.min() < max(_LEAST_MEMBERS, _LEAST_SHARE * len(people)):
            continue
        nearest = ((people[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        shape = silhouette_score(people, nearest, sample_size=min(1_000, len(people)), random_state=seed)
        tried.append(Trial(number, round(float(np.mean(stable[number])), 4), round(float(shape), 4)))
    if not tried:
        return None
    best = tried[0]
    for one in tried[1:]:
        if one.worth > best.worth + _BETTER:
            best = one
    centres = found[best.groups]
    group, _ = assign(centres, places)
    sizes = np.bincount(group[group != BETWEEN], minlength=len(centres))
    return Partition(centres[np.lexsort((centres[:, 0], -sizes))], tuple(tried))


def assign(centres: Floats, places: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return each person's group, or BETWEEN, and how clearly they are in it.

    1 is at the centre or beyond, and 0 on the border to the next group; below 0.1 one is in between.
    """
    distance = ((places[:, None] - centres[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distance, axis=1, kind="stable")
    own, next_ = nearest[:, 0], nearest[:, 1]
    apart = ((centres[own] - centres[next_]) ** 2).sum(axis=1)
    rows = np.arange(len(places))
    clear = (distance[rows, next_] - distance[rows, own]) / np.maximum(apart, 1e-12)
    return np.where(clear < _MARGIN, BETWEEN, own), np.minimum(clear, 1.0)


def _centres(
    people: Floats, numbers: Sequence[int] | Mapping[int, object], rng: np.random.Generator
) -> dict[int, Floats]:
    """Return the centres of each number of groups of which none is empty."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.cluster.vq import ClusterError, kmeans2

    some = people[np.sort(rng.permutation(len(people))[:_SEEDED_BY])]
    tree = linkage(some, "ward")
    found = {}
    for number in numbers:
        cluster = fcluster(tree, number, "maxclust")
        start = np.array([some[cluster == one].mean(axis=0) for one in np.unique(cluster)])
        if len(start) < number:
            continue
        try:
            found[number] = np.asarray(kmeans2(people, start, iter=100, minit="matrix", missing="raise")[0])
        except ClusterError:
            continue
    return found
