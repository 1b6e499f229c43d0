"""Roll calls, members and votes, whichever files they are read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from persona_db.graph.models import Person, Question
from persona_db.loaders.bundled_labels import bundled_labels
from persona_db.loaders.rows import Quarantine, composed
from persona_db.loaders.table import Table

__all__ = ["NO_VOTE", "OPTIONS", "ORDINAL", "PARTIES", "Chamber", "Row", "picked", "rollcall_labels", "rollcall_text"]

OPTIONS = ("Nay", "Yea")
ORDINAL = (0.0, 1.0)
NO_VOTE = "Not Voting"
PARTIES = {"D": "Democrat", "R": "Republican", "Indep": "Independent"}
"""What the short names of parties stand for, in which members are named."""


class Row(NamedTuple):
    """A row of one of the tables, with its file and number."""

    source: str
    number: int
    values: tuple[str, ...]


class Chamber(NamedTuple):
    """Members and roll calls by what votes call them, and the votes, which are read as they are iterated over."""

    members: Mapping[str, Person]
    rollcalls: Mapping[str, Question]
    votes: Iterable[Row]
    """(member, roll call, Nay, Yea or no vote)"""


def picked(table: Table, columns: tuple[str, ...], quarantine: Quarantine) -> Iterator[Row]:
    """Yield the values of *columns* of each row."""
    places = [table.place(name) for name in columns]
    for number, row in table.rows(quarantine):
        yield Row(str(table.path), number, tuple(composed(row[place]) for place in places))


def rollcall_text(question: str, *, bill: str, description: str) -> str:
    """Return what was voted on, readable by itself; without the result."""
    text = question if bill in {"", "n/a"} else f"{question} ({bill})".strip()
    return f"{text}: {description}" if text and description else text or description


def rollcall_labels() -> Mapping[str, Mapping[str, Any]]:
    """Return what the roll calls of the 109th Congress are called, by id: written by hand for the contested ones."""
    return bundled_labels("senate109_labels.csv", OPTIONS)
