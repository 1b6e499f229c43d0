"""A table on disk as columns of text, whatever its format: what each column is called and labelled, and its cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import NamedTuple, Protocol

from pydantic import Field

from persona_db.graph.models import Model
from persona_db.loaders.rows import Quarantine

__all__ = ["AT_ONCE", "Batch", "TableFile", "Variable", "cell_text", "code_text", "distinct_names", "number_of"]

AT_ONCE = 2_000
"""Rows of a batch: a table is never held as a whole."""

_LARGEST_WHOLE = 2**53
_NOTHING = {"NaT", "<NA>", "nan"}


class Variable(Model):
    """A column with what its file says of it."""

    name: str
    label: str = Field(default="", description="The question's text, where the file has it.")
    group: str = Field(default="", description="What several columns ask together, where a header row says so.")
    labels: dict[str, str] = Field(default_factory=dict, description="Value label of each code.")
    missing: tuple[str, ...] = Field(default=(), description="Codes declared missing.")
    missing_ranges: tuple[tuple[float, float], ...] = Field(default=(), description="Codes from, to: missing too.")
    ordered: bool = Field(default=False, description="Declared ordinal.")
    ticked: str = Field(default="", description="The code that counts in a multiple response set.")


class Batch(NamedTuple):
    """Some rows: their numbers in the file, and their cells column by column; an empty text is a blank cell."""

    rows: Sequence[int]
    cells: Sequence[Sequence[str]]


class TableFile(Protocol):
    """A table that is read batch by batch, as often as wanted."""

    source: str
    variables: tuple[Variable, ...]
    notes: tuple[str, ...]
    """What was found out about the file and is not in it: its encoding, its header rows."""

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Yield the rows in order; those that cannot be read go to *quarantine*."""
        ...


def cell_text(value: object) -> str:
    """Return a cell as text: whole numbers without a fraction, dates in ISO 8601, nothing for what is blank or NaN."""
    match value:
        case None:
            text = ""
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case float():
            whole = value.is_integer() and abs(value) < _LARGEST_WHOLE
            text = "" if math.isnan(value) else str(int(value)) if whole else repr(value)
        case datetime():
            text = value.date().isoformat() if value.time() == time() and value.tzinfo is None else value.isoformat()
        case date() | time():
            text = value.isoformat()
        case _:
            text = str(value)
    return "" if text in _NOTHING and not isinstance(value, str) else text


def code_text(text: str) -> str:
    """Return *text* as a code: without spaces around it, and `2` for `2.0`."""
    text = text.strip()
    head, dot, tail = text.rpartition(".")
    if dot and tail and not tail.strip("0") and head.lstrip("-").isdecimal():
        return head
    return text


def number_of(text: str) -> float | None:
    """Return the finite number that *text* is, None for any other text."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the names with a number behind those that came before, and the column's place for empty ones."""
    seen: dict[str, int] = {}
    found = []
    for place, given in enumerate(names, start=1):
        name = given or f"column {place}"
        seen[name] = count = seen.get(name, 0) + 1
        while count > 1 and f"{name} ({count})" in seen:
            count += 1
        if count > 1:
            name = f"{name} ({count})"
            seen[name] = 1
        found.append(name)
    return found
