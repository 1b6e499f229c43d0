"""What tests of tables share: writing one, and looking at what comes of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.loaders.source import Source

__all__ = ["Read", "read", "write_csv"]


@dataclass
class Read:
    """All records of a source."""

    questions: dict[str, Question] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    items: list[HistoryItem] = field(default_factory=list)
    bad: list[QuarantinedRow] = field(default_factory=list)

    @cached_property
    def answers(self) -> dict[tuple[str, str], str]:
        """(user, question) -> the option."""
        return {
            (item.user, item.question): self.questions[item.question].options[item.option]
            for item in self.items
            if item.question is not None and item.option is not None
        }

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Row and reason of what was not loaded."""
        return [(row.row, row.reason) for row in self.bad]


def read(source: Source) -> Read:
    """Return all that a source yields; people come before their items, questions before their answers."""
    found = Read()
    for record in source.read(found.bad.append):
        if isinstance(record, Question):
            found.questions[record.id] = record
        elif isinstance(record, Person):
            found.people[record.id] = record
        else:
            assert record.user in found.people
            assert record.question is None or record.question in found.questions
            found.items.append(HistoryItem.model_validate(record.model_dump()))
    return found


def write_csv(path: Path, rows: Iterable[Sequence[object]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """Write rows, the first of them the header; return the path."""
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path
