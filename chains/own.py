"""What of a user's own can be recalled: answers, distilled where a fact says so, traits, and the groups they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.statistical.knowledge import Knowledge
from persona_db.chains.statistical.leaning import demographic_id
from persona_db.chains.statistical.traits import trait_of

__all__ = ["Candidate", "Layer", "Own", "own_of", "read_own"]

Layer = Literal["history", "distilled", "induced", "cache"]


class Candidate(NamedTuple):
    """An item that can be recalled: which variable it observes, and what was observed."""

    id: str
    layer: Layer
    statement: str
    variable: int
    value: float
    question: str | None = None
    option: int | None = None
    key: str | None = None
    at: str = ""


@dataclass(frozen=True)
class Own:
    """A user's own candidates by id, their newest answers, and the keys they hold."""

    items: tuple[Candidate, ...]
    answers: Mapping[str, int]
    held: tuple[str, ...]
    counted: bool
    """Whether the user shares anything, and so is counted in key summaries."""

    @cached_property
    def variables(self) -> NDArray[np.int64]:
        return np.array([item.variable for item in self.items], dtype=np.int64)

    @cached_property
    def repeats(self) -> bool:
        """Whether two of the items read the same."""
        return len({item.statement for item in self.items}) < len(self.items)


def read_own(knowledge: Knowledge, users: Sequence[str], layers: frozenset[Layer]) -> dict[str, Own]:
    """Read what some users have themselves; one query. Those that there are not are left out."""
    reading = knowledge.reading
    rows = reading.graph.read(
        "personas", dataset=reading.dataset, fit=reading.fit, users=list(users), as_of=reading.as_of
    )
    return {row["user"]: own_of(knowledge, row, layers) for row in rows}


def own_of(knowledge: Knowledge, row: Mapping[str, Any], layers: frozenset[Layer]) -> Own:
    """Turn a row of `personas` into candidates."""
    newest: dict[str, Sequence[Any]] = {}
    for item in sorted(row["items"], key=lambda item: (item[3], item[0])):
        if item[1] is not None and item[2] is not None:
            newest[item[1]] = item
    held = tuple(sorted(key for key, _, _ in row["keys"] if key in knowledge.keys))
    groups = [key for key in map(demographic_id, row["attributes"]) if key in knowledge.keys]
    found = [
        *_answers(knowledge, newest, row["facts"], layers),
        *(_traits(knowledge, row["traits"] or (), row["facts"]) if "induced" in layers else ()),
        *(_groups(knowledge, groups) if "cache" in layers else ()),
    ]
    return Own(
        items=tuple(sorted(found, key=lambda item: item.id)),
        answers={question: item[2] for question, item in newest.items()},
        held=held or tuple(sorted(groups)),
        counted=row["sharing_rank"] > 0,
    )


def _answers(
    knowledge: Knowledge, newest: Mapping[str, Sequence[Any]], facts: Sequence[Sequence[Any]], layers: frozenset[Layer]
) -> Iterator[Candidate]:
    distilled = {fact[3]: fact for fact in facts if fact[1] == "distilled" and fact[3] is not None}
    for question, (id_, _, option, at, statement) in newest.items():
        variable = knowledge.of_question(question)
        value = knowledge.value_of_answer(question, option)
        if variable is None or value is None:
            continue
        fact = distilled.get(question)
        if fact is not None and fact[4] == option and "distilled" in layers:
            yield Candidate(fact[0], "distilled", statement, variable, value, question, option, fact[2], at)
        elif "history" in layers:
            yield Candidate(id_, "history", statement, variable, value, question, option, None, at)


def _traits(knowledge: Knowledge, traits: Sequence[float], facts: Sequence[Sequence[Any]]) -> Iterator[Candidate]:
    for id_, layer, key, _, _, at, statement in facts:
        if layer == "induced" and key.startswith("trait:"):
            trait = trait_of(key)
            variable = knowledge.of_trait(trait)
            if variable is not None and trait < len(traits):
                yield Candidate(id_, "induced", statement, variable, float(traits[trait]), key=key, at=at)


def _groups(knowledge: Knowledge, groups: Sequence[str]) -> Iterator[Candidate]:
    for key in groups:
        variable = knowledge.of_key(key)
        if variable is not None:
            yield Candidate(key, "cache", key, variable, knowledge.value_of_holding(key), key=key)
