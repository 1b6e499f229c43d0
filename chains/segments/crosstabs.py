"""Cross-tabulations of a Fit: what each answer goes with, and how the people of each attribute answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.segments.representative import Counts, count_answers

__all__ = [
    "LEAST_TOGETHER", "STEM", "Attribute", "GoesWith", "Held", "attributes_told", "by_attribute", "goes_with",
    "lift_interval",
]  # fmt: skip

Floats = NDArray[np.float64]
STEM = 25
"""Questions of one battery have the same options and begin with the same characters, so many of them."""
LEAST_TOGETHER = 20
"""People who have both, at least."""
_MOST = 12
_MOST_ATTRIBUTES = 12
_MOST_VALUES = 40
_REACH = 1.959964


@dataclass(frozen=True)
class Held:
    """Which people hold which keys: `users` has those who hold each, `claims` the questions that its name is about."""

    keys: tuple[str, ...]
    users: tuple[tuple[str, ...], ...]
    claims: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class GoesWith:
    """Who gave an answer also gave another, or holds a key, by so much more often than all who were asked.

    `both` gave both of `among` who gave the first, of `people` who answered; `share` and `usual` are by survey weights,
    `low` and `high` the 95 % interval of `lift`. `other` is None for a key.
    """

    question: str
    option: int
    place: int
    id: str
    other: int | None
    battery: bool
    both: int
    among: int
    people: int
    share: float
    usual: float
    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class Attribute:
    """The values of an attribute in their order, and who has which: its place, -1 for none."""

    name: str
    values: tuple[str, ...]
    of: NDArray[np.int64]


def lift_interval(both: Floats, one: Floats, other: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of lift, of tables of effective people with half a person in each cell.

    The delta method on the logarithm, as in `values_of_those_who` (Haldane 1956; Katz et al. 1978).
    """
    a, n1, n2, n = both + 0.5, one + 1.0, other + 1.0, size + 2.0
    error = np.sqrt(1.0 / a - 1.0 / n1 - 1.0 / n2 + 2.0 * a / (n1 * n2) - 1.0 / n + 1e-12)
    centre = a * n / (n1 * n2)
    return centre * np.exp(-_REACH * error), centre * np.exp(_REACH * error)


def goes_with(table: AnswerTable, weight: Floats, held: Held) -> Iterator[GoesWith]:
    """Yield what each answer goes with, at most twelve of each, those first that surely do; at least 20 people do.

    The same, over everybody, as `values_of_those_who` finds; questions of one battery come last.
    """
    from scipy.sparse import csr_array, hstack

    people, questions = table.choice.shape
    if not questions:
        return
    widths = np.array([len(question.options) for question in table.questions])
    start = np.concatenate([[0], np.cumsum(widths)])
    row, column = np.nonzero(table.choice >= 0)
    says = csr_array((np.ones(len(row)), (row, start[column] + table.choice[row, column])), shape=(people, start[-1]))
    known = csr_array((np.ones(len(row)), (row, column)), shape=(people, questions))
    place = {user: at for at, user in enumerate(table.users)}
    pairs = [(place[user], key) for key, users in enumerate(held.users) for user in users if user in place]
    holds = csr_array(
        (np.ones(len(pairs)), ([one for one, _ in pairs], [key for _, key in pairs])), shape=(people, len(held.keys))
    )
    everything = csr_array(hstack([says, holds]))
    of_question = np.repeat(np.arange(questions), widths)
    ids = [table.questions[at].id for at in of_question] + list(held.keys)
    others = [*(option for width in widths for option in range(width)), *[None] * len(held.keys)]
    batteries = [(question.options, question.text[:STEM]) for question in table.questions]
    order = np.lexsort((ids, [other is None for other in others]))  # ties: answers first, by id and option
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    for at, question in enumerate(table.questions):
        asked = np.flatnonzero(table.choice[:, at] >= 0)
        if len(asked) < LEAST_TOGETHER:
            continue
        own = np.eye(widths[at])[table.choice[asked, at]]
        heavy, w = own * weight[asked][:, None], weight[asked]
        beside, there = everything[asked], known[asked]

        def full(of_questions: Floats, of_keys: Floats) -> Floats:
            """Return numbers by question as numbers by answer, and behind them that of all asked for every key."""
            keys = np.broadcast_to(of_keys, (*of_questions.shape[:-1], len(held.keys)))
            return np.concatenate([of_questions[..., of_question], keys], axis=-1)

        both, w_both, w_other = (np.asarray(one @ beside) for one in (own.T, heavy.T, w))
        among = full(np.asarray(own.T @ there), own.sum(axis=0)[:, None])
        inside = full(np.asarray(heavy.T @ there), heavy.sum(axis=0)[:, None])
        n, whole = full(there.sum(axis=0), np.array([len(asked)])), full(np.asarray(w @ there), np.array([w.sum()]))
        squares = full(np.asarray(w**2 @ there), np.array([(w**2).sum()]))
        size = whole**2 / np.maximum(squares, 1e-12)
        barred = np.concatenate([of_question == at, [question.id in claims for claims in held.claims]]).astype(bool)
        battery = np.concatenate([[batteries[one] == batteries[at] for one in of_question], np.zeros(len(held.keys))])
        for option in range(widths[at]):
            found = np.flatnonzero((both[option] >= LEAST_TOGETHER) & ~barred)
            share = w_both[option, found] / inside[option, found]
            usual = w_other[found] / whole[found]
            scale = size[found] / whole[found]
            low, high = lift_interval(
                w_both[option, found] * scale, inside[option, found] * scale, w_other[found] * scale, size[found]
            )
            low = np.round(low, 6)
            first = np.lexsort((rank[found], -both[option, found], -low, battery[found]))[:_MOST]
            for placed, here in enumerate(first):
                one = found[here]
                yield GoesWith(
                    question.id, option, placed, ids[one], others[one], bool(battery[one]), int(both[option, one]),
                    int(among[option, one]), int(n[one]), round(float(share[here]), 6), round(float(usual[here]), 6),
                    round(float(share[here] / usual[here]), 6), float(low[here]), round(float(high[here]), 6),
                )  # fmt: skip


def attributes_told(attributes: Sequence[Sequence[str]]) -> list[Attribute]:
    """Return the twelve attributes that most people have, of those with at most forty values, from `PARTY=R` each."""
    had: dict[str, dict[int, str]] = {}
    for person, own in enumerate(attributes):
        for one in own:
            name, _, value = one.partition("=")
            had.setdefault(name, {})[person] = value
    found = []
    for name, values in sorted(had.items(), key=lambda one: (-len(one[1]), one[0])):
        counts: Mapping[str, int] = Counter(values.values())
        if 1 < len(counts) <= _MOST_VALUES:
            place = {value: at for at, value in enumerate(sorted(counts))}
            of = np.full(len(attributes), -1, dtype=np.int64)
            of[list(values)] = [place[value] for value in values.values()]
            found.append(Attribute(name, tuple(place), of))
    return found[:_MOST_ATTRIBUTES]


def by_attribute(table: AnswerTable, weight: Floats, attribute: Attribute) -> list[Counts]:
    """Return the answers of the people of each value of the attribute, by question."""
    has = attribute.of >= 0
    return count_answers(table.questions, table.choice[has], attribute.of[has], weight[has], len(attribute.values))
