"""What the cells of each column are, from one reading of the whole table in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from persona_db.loaders.rows import ignore
from persona_db.loaders.tabular.table_file import TableFile, Variable, code_text, number_of

__all__ = ["COUNTED", "ColumnProfile", "profile_of"]

COUNTED = 1_000
"""Distinct values of a column that are counted; of a column with more, the first ones."""

_UNIQUE_IN = 20_000


@dataclass
class ColumnProfile:
    """A column's variable and values."""

    variable: Variable
    filled: int = 0
    rows: int = 0
    many: bool = False
    """There are more distinct values than are counted."""
    unique: bool = True
    """No value came twice in the first rows; blanks aside."""
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def values(self) -> Mapping[str, int]:
        """The distinct values as codes, with how often each occurs."""
        found: Counter[str] = Counter()
        for text, count in self.counts.items():
            code = code_text(text)
            if code:
                found[code] += count
        return found

    @property
    def share(self) -> float:
        """The share of rows that have a value."""
        return self.filled / self.rows if self.rows else 0.0

    def numbers(self) -> Mapping[float, int]:
        """Return those values that are numbers, with how often each occurs."""
        return {number: count for text, count in self.values.items() if (number := number_of(text)) is not None}


def profile_of(file: TableFile) -> list[ColumnProfile]:
    """Return the profile of each column."""
    columns = [ColumnProfile(variable) for variable in file.variables]
    seen: list[set[int]] = [set() for _ in columns]
    rows = 0
    for batch in file.batches(ignore):
        count = len(batch.rows)
        for place, (column, texts) in enumerate(zip(columns, batch.cells, strict=True)):
            blank = texts.count("")
            column.filled += count - blank
            if column.unique and rows < _UNIQUE_IN:
                new = {hash(text) for text in texts if text}
                column.unique = len(new) == count - blank and seen[place].isdisjoint(new)
                seen[place] = seen[place] | new if column.unique else set()
            if not column.many:
                column.counts.update(texts)
                column.many = len(column.counts) > COUNTED
        rows += count
    for column in columns:
        del column.counts[""]
        column.rows = rows
        column.many = column.many and len(column.counts) > COUNTED
        if column.unique and column.filled < 2:
            column.unique = False
    return columns
