"""Reads a CSV table row by row; its columns are known before its rows are read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from persona_db.graph.errors import LoadError
from persona_db.graph.models import QuarantinedRow
from persona_db.loaders.lines import check_file, numbered_lines
from persona_db.loaders.rows import Quarantine

__all__ = ["Table"]


class Table:
    """A CSV file whose header has been read and holds the required columns; its rows are read on demand."""

    def __init__(self, path: Path, *, required: Sequence[str]) -> None:
        check_file(path)
        self.path = path
        self.columns = _header(path)
        missing = [name for name in required if name not in self.columns]
        if missing:
            found = ", ".join(self.columns[:8]) + (", ..." if len(self.columns) > 8 else "")
            raise LoadError(f"no column {', '.join(missing)}; found {found}", source=str(path), row=1)
        twice = sorted({name for name in self.columns if name and self.columns.count(name) > 1})
        if twice:
            raise LoadError(f"column {twice[0]!r} is there twice", source=str(path), row=1)

    def place(self, name: str) -> int:
        """Return the index of the column *name* in a row."""
        return self.columns.index(name)

    def rows(self, quarantine: Quarantine) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with the number of its first line; rows that cannot be read are quarantined."""

        def refuse(row: int, reason: str) -> None:
            quarantine(QuarantinedRow(source=str(self.path), row=row, reason=reason))

        lines = _Lines(self.path, refuse)
        reader = csv.reader(lines, strict=True)
        next(reader)
        width = len(self.columns)
        while True:
            lines.new_row()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                refuse(lines.first, f"not CSV: {error}")
                continue
            if lines.torn:
                refuse(lines.first, "a line of the row cannot be read")
            elif len(row) == width:
                yield lines.first, row
            elif row:
                refuse(lines.first, f"{len(row)} values for {width} columns")


class _Lines(Iterator[str]):
    """The readable lines of a table, with the first line of the row being read and whether the row lacks a line."""

    def __init__(self, path: Path, refuse: Callable[[int, str], None]) -> None:
        self._lines = numbered_lines(path)
        self._refuse = refuse
        self.new_row()

    def new_row(self) -> None:
        self.first = 0
        self.torn = False

    def __next__(self) -> str:
        for number, text, problem in self._lines:
            if not problem:
                self.first = self.first or number
                return text
            self._refuse(number, problem)
            self.torn = self.torn or self.first > 0
        raise StopIteration


def _header(path: Path) -> tuple[str, ...]:
    def refuse(row: int, reason: str) -> None:
        raise LoadError(f"the header cannot be read: {reason}", source=str(path), row=row)

    try:
        return tuple(name.strip() for name in next(csv.reader(_Lines(path, refuse), strict=True)))
    except csv.Error as error:
        raise LoadError(f"the header is not CSV: {error}", source=str(path), row=1) from error
