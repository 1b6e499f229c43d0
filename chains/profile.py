"""Who somebody is in five lines, by one query: quick enough to stand before every answer of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.labels.texts import LONGEST_NAME, shortened
from persona_db.graph.attributes import value_label
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.models import Model
from persona_db.graph.names import FactLayer, Sharing

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["Profile", "StrongFact", "profile"]

FACTS = 5
"""Facts and guesses that are read."""
_NAMED = 3
_ATTRIBUTES = 6
_LONGEST_LINE = 200


class StrongFact(Model):
    """A fact that tells a person apart from others; it rests on what they said themselves."""

    id: str
    layer: FactLayer
    text: str
    strength: float = Field(description="0 to 1: how far it distinguishes the person.")
    at: str = ""


class Profile(Model):
    """Who a person is, for somebody who never heard of them."""

    user: str
    name: str
    sharing: Sharing = Field(description="What others may see of them.")
    lines: tuple[str, ...] = Field(description="Five: who, how much is known, what stands out, what is new, the group.")
    facts: tuple[StrongFact, ...] = Field(description="The strongest, strongest first, ties by id; at most five.")


class _Row(Model):
    user: str
    name: str
    sharing: Sharing
    attributes: tuple[str, ...]
    answers: int
    texts: int
    first: str | None
    last: str | None
    newest: str | None
    fit: str | None
    segment: str | None
    facts: tuple[StrongFact, ...]
    leans: tuple[str, ...]


def profile(graph: Graph, user: str, *, dataset: str) -> Profile:
    """Return who *user* is, in five lines, with their strongest facts; one query, which reads one person by index.

    Facts that rest on other answers alone are guesses: they stand in no line of what somebody thinks. UnknownUserError
    and UnknownDatasetError say what is missing; without a Fit the lines tell what was said and that nothing is refined.

    >>> told = profile(graph, "ada", dataset="town")
    >>> len(told.lines), told.lines[1]
    (5, 'Said 7 things here: 7 answers, 2025-03-01 to 2026-02-01.')
    """
    rows = graph.read("profile_of", dataset=dataset, user=user, limit=FACTS)
    if not rows:
        require_dataset(graph, dataset)
        raise UnknownUserError(user, dataset=dataset)
    row = _Row.model_validate(rows[0])
    lines = (_who(row), _how_much(row), _stands_out(row), _newest(row), _group(row))
    return Profile(
        user=row.user,
        name=row.name or row.user,
        sharing=row.sharing,
        lines=tuple(shortened(line, _LONGEST_LINE) for line in lines),
        facts=row.facts,
    )


def _who(row: _Row) -> str:
    named = row.user if row.name in ("", row.user) else f"{row.name} ({row.user})"
    known = ", ".join(value_label(one, "demographic") for one in row.attributes[:_ATTRIBUTES])
    return f"{named}: {known}." if known else f"{named}: nothing else is known of who they are."


def _how_much(row: _Row) -> str:
    total = row.answers + row.texts
    if not total:
        return "Said nothing here yet."
    parts = [_counted(row.answers, "answer"), _counted(row.texts, "text")]
    dates = ""
    if row.first and row.last:
        first, last = row.first[:10], row.last[:10]
        dates = f", on {first}" if first == last else f", {first} to {last}"
    return f"Said {_counted(total, 'thing')} here: {' and '.join(part for part in parts if part)}{dates}."


def _counted(number: int, noun: str) -> str:
    return "" if not number else f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _stands_out(row: _Row) -> str:
    if row.fit is None:
        return "Nothing is refined yet: `persona-db refine` finds what sets people apart."
    named = _several([fact.text for fact in row.facts])
    return f"Stands out by: {named}." if named else "Nothing they said sets them apart from others."


def _newest(row: _Row) -> str:
    if row.newest is None:
        return "There is nothing to quote."
    when = f" ({row.last[:10]})" if row.last else ""
    return f"Said most recently{when}: {shortened(row.newest, 2 * LONGEST_NAME)}"


def _group(row: _Row) -> str:
    guess = f" A guess from other answers: {_several(row.leans)}." if row.leans else ""
    if row.segment:
        return f"Answers like the group “{shortened(row.segment, LONGEST_NAME)}”.{guess}"
    return f"Is in no group of people who answer alike.{guess}"


def _several(texts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(shortened(text, LONGEST_NAME) for text in texts[:_NAMED]))
