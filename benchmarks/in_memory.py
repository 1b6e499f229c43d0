"""The JOIN in memory: the same answer from a sparse product, from dense vectors, and from a networkx graph."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from benchmarks.people import People

__all__ = ["Join", "brute_force", "in_networkx", "sparse_product"]

Join = Callable[[str], list[tuple[str, float]]]
"""A user's collaborators with their scores, best first."""

DIGITS = 9


def sparse_product(people: People, *, top_k: int) -> Join:
    """The exact scores as a product of one sparse row with all (scipy)."""
    profiles = people.profiles.tocsr()
    others = profiles.T.tocsr()
    place = {user: row for row, user in enumerate(people.ids)}

    def join(user: str) -> list[tuple[str, float]]:
        row = place[user]
        product = (profiles[[row]] @ others).tocsr()
        scores = np.round(product.data, DIGITS)
        keep = (scores > 0) & (product.indices != row)
        return _best(people, product.indices[keep], scores[keep], top_k)

    return join


def brute_force(people: People, *, top_k: int) -> Join:
    """Cosines of the key vectors of all people (numpy): near the scores, not the scores."""
    vectors = people.vectors
    place = {user: row for row, user in enumerate(people.ids)}
    everybody = np.arange(people.count)

    def join(user: str) -> list[tuple[str, float]]:
        row = place[user]
        scores = vectors @ vectors[row]
        scores[row] = -1.0
        return _best(people, everybody, scores, top_k)

    return join


def in_networkx(people: People, *, top_k: int) -> Join:
    """The traversal user - key - user, opposites included, in a networkx graph: what `join_exact` is held to."""
    net: nx.Graph[str] = nx.Graph()
    for user, held in people.each():
        for key, _, unit in held:
            net.add_edge(user, key, unit=unit)
    keys = people.keys

    def join(user: str) -> list[tuple[str, float]]:
        scores: dict[str, float] = {}
        for key, mine in net[user].items():
            opposite = keys[key].opposite
            for there, sign in ((key, 1.0), (opposite, -1.0)):
                if there is None or there not in net:
                    continue
                ours = sign * mine["unit"]
                for other, theirs in net[there].items():
                    scores[other] = scores.get(other, 0.0) + ours * theirs["unit"]
        scores.pop(user, None)
        rounded = ((other, round(score, DIGITS)) for other, score in scores.items())
        return sorted((pair for pair in rounded if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))[:top_k]

    return join


def _best(
    people: People, rows: NDArray[np.integer], scores: NDArray[np.floating], top_k: int
) -> list[tuple[str, float]]:
    """Return the *top_k* best, ties by id; ids are in the order of the rows."""
    if len(rows) > top_k:
        worst = np.partition(scores, -top_k)[-top_k]
        rows, scores = rows[scores >= worst], scores[scores >= worst]
    order = np.lexsort((rows, -scores))[:top_k]
    return [(people.ids[rows[place]], float(scores[place])) for place in order]
