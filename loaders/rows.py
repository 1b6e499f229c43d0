"""Checks of a row's values before it is stored, and the quarantine of bad rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from persona_db.graph.models import QuarantinedRow

__all__ = [
    "LONGEST_ID",
    "LONGEST_TEXT",
    "Id",
    "Quarantine",
    "Storable",
    "Text",
    "ignore",
    "normalised",
    "reason_of",
    "shown",
    "storable",
]

Quarantine = Callable[[QuarantinedRow], None]
"""Receives every row that is not loaded, with its file, number and reason."""


def ignore(row: QuarantinedRow) -> None:
    """Ignore a quarantined row, in a reading whose bad rows were reported before."""


def storable(text: str) -> str:
    """Return *text*; ValueError when a database or a terminal could not take it."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


LONGEST_ID = 500
LONGEST_TEXT = 100_000

Storable = Annotated[str, AfterValidator(storable)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(storable)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, strict=True), AfterValidator(storable)]


def reason_of(error: ValidationError) -> str:
    """Return in one line what is wrong with a row, field by field, without repeating the row."""
    parts = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False)[:3]:
        field = ".".join(str(step) for step in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        parts.append(f"{field}: {message}" if field else message)
    more = error.error_count() - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def shown(value: object) -> str:
    """Return *value* quoted, escaped and cut for a one-line message."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def normalised(text: str) -> str:
    """Return *text* without differences of case and spacing, for the search for replies to be predicted."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
