"""Learning the segments of a Fit from everybody's answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.labels.names import Names
from persona_db.chains.labels.texts import unique
from persona_db.chains.segments.axes import axes_of, places_on
from persona_db.chains.segments.crosstabs import STEM
from persona_db.chains.segments.partition import BETWEEN, Partition, assign, partition, said_enough
from persona_db.chains.segments.representative import Counts, Representative, count_answers, representative

__all__ = ["IN_BETWEEN", "Member", "Segments", "learn_segments", "members", "segment_id"]

Floats = NDArray[np.float64]
IN_BETWEEN = "between"
_AGREED_LEAST = 3
_LONGEST = 100
"""Characters of a group's name at most."""
_UNREADABLE = re.compile(r"…|^\d|: \d")


@dataclass(frozen=True)
class Member:
    """A person's place in the plane, their group, and how clearly and typically they are in it."""

    group: int
    x: float
    y: float
    clear: float
    typical: float
    few: bool


@dataclass(frozen=True)
class Segments:
    """The groups of a Fit, the largest first, and last those in between.

    `counts` has for each question the answers by group, `told` the representative answers of each group but the last.
    """

    axes: Floats
    partition: Partition
    names: tuple[str, ...]
    members: tuple[Member, ...]
    counts: tuple[Counts, ...]
    told: tuple[tuple[Representative, ...], ...]

    @property
    def groups(self) -> int:
        """How many there are, without those in between."""
        return len(self.partition.centres)


def segment_id(group: int) -> str:
    """Return the id of a group in its Fit: `1` for the largest, `between` for those in none."""
    return IN_BETWEEN if group == BETWEEN else str(group + 1)


@one_thread()
def learn_segments(
    population: Population, choice: NDArray[np.int16], weight: Floats, names: Names, *, seed: int
) -> Segments | None:
    """Return the segments of the people whose answers *choice* are (people x questions); None without any."""
    if len(population.questions) <= 2:
        return None
    axes = axes_of(population)
    places = places_on(axes, population, choice)
    enough = said_enough(choice)
    found = partition(places[enough], seed=seed)
    if found is None:
        return None
    group, _ = assign(found.centres, places)
    group[~enough] = BETWEEN
    groups = len(found.centres)
    counts = count_answers(population.questions, choice, np.where(group == BETWEEN, groups, group), weight, groups + 1)
    told = tuple(tuple(representative(population, counts, one)) for one in range(groups))
    named = unique(((str(place), _name(own, names, place)) for place, own in enumerate(told)), longest=_LONGEST)
    return Segments(
        axes, found, (*named.values(), "In between"), tuple(members(axes, found.centres, population, choice, told)),
        tuple(counts), told,
    )  # fmt: skip


def members(
    axes: Floats, centres: Floats, population: Population, choice: NDArray[np.int16],
    told: Sequence[Sequence[Representative]],
) -> list[Member]:  # fmt: skip
    """Return where each person is: for those of whom a Fit is learned, and for those who come later."""
    places = places_on(axes, population, choice)
    group, clear = assign(centres, places)
    few = ~said_enough(choice)
    group[few] = BETWEEN
    column = {question.id: at for at, question in enumerate(population.questions)}
    typical = np.zeros(len(choice))
    for place, own in enumerate(told):
        inside = np.flatnonzero(group == place)
        if not len(inside) or not own:
            continue
        answers = choice[inside][:, [column[one.question] for one in own]]
        says = np.stack([np.isin(answers[:, at], one.options) for at, one in enumerate(own)], axis=1).sum(axis=1)
        asked = (answers >= 0).sum(axis=1)
        typical[inside] = np.where(asked >= min(_AGREED_LEAST, len(own)), (says + 1) / (asked + 2), 0.0)
    return [
        Member(
            int(one), round(float(x), 5), round(float(y), 5), round(float(sure), 5), round(float(like), 5), bool(less)
        )
        for one, (x, y), sure, like, less in zip(group, places, clear, typical, few, strict=True)
    ]


def _name(told: Sequence[Representative], names: Names, place: int) -> str:
    """Return the first two representative answers in words, if both have room; a number where there is none.

    Answers that are cut, or points of a scale of numbers, are passed over where there are others.
    """
    if not told:
        return f"Group {place + 1}"
    said = [(one, names.sentence(one.question, one.options, longest=_LONGEST)) for one in told]
    (first, begins), *others = [pair for pair in said if not _UNREADABLE.search(pair[1])] or said
    pairs = (f"{begins} · {text}" for other, text in others if not _one_battery(names, first.question, other.question))
    return next((pair for pair in pairs if len(pair) <= _LONGEST), begins)


def _one_battery(names: Names, one: str, other: str) -> bool:
    """Whether two questions have the same options and begin alike, as `values_of_those_who` sees it."""
    first, second = names.questions[one], names.questions[other]
    return first.options == second.options and first.text[:STEM] == second.text[:STEM]
