"""Checks of a row's values before it is stored, and the quarantine of bad rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from persona_db.graph.models import QuarantinedRow

__all__ = [
    "LONGEST_ID",
    "LONGEST_TEXT",
    "Id",
    "Quarantine",
    "Storable",
    "Text",
    "bad_row",
    "composed",
    "id_problem",
    "ignore",
    "normalised",
    "reason_of",
    "shown",
    "storable",
    "written_id",
]

Quarantine = Callable[[QuarantinedRow], None]
"""Receives every row that is not loaded, with its file, number and reason."""


def ignore(row: QuarantinedRow) -> None:
    """Ignore a quarantined row, in a reading whose bad rows were reported before."""


def bad_row(source: Path | str, row: int, reason: str, *, user: str = "") -> QuarantinedRow:
    """Return the quarantined row, with the user where it names one that could be stored."""
    return QuarantinedRow(source=str(source), row=row, reason=reason, user="" if id_problem(user) else user)


def storable(text: str) -> str:
    """Return *text*; ValueError when a database or a terminal could not take it."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    if not text.isascii() and _HALF.search(text):
        raise ValueError(_CUT)
    return text


def composed(text: str) -> str:
    """Return *text* in Unicode's form NFC: letters with accents that look the same are the same."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def id_problem(user: str) -> str:
    """Say why *user* can be no id of a user, '' where it can."""
    if not user or len(user) > LONGEST_ID:
        return f"user id is empty or longer than {LONGEST_ID} characters"
    try:
        storable(user)
    except ValueError as error:
        return f"user id {error}"
    return ""


def written_id(value: object) -> str:
    """Return the text of an id as `Id` reads it, whatever the value is."""
    return composed(str(_written(value)))


def _written(value: object) -> object:
    """Return a whole number as the text that it is in an id: 17 and 17.0 are '17'."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) else value


LONGEST_ID = 500
LONGEST_TEXT = 100_000
_HALF = re.compile("[\ud800-\udfff]")
_CUT = "is cut inside a character"

Storable = Annotated[str, AfterValidator(storable)]
Id = Annotated[
    str,
    BeforeValidator(_written),
    Field(min_length=1, max_length=LONGEST_ID),
    AfterValidator(storable),
    AfterValidator(composed),
]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, strict=True), AfterValidator(storable)]


def reason_of(error: ValueError) -> str:
    """Return in one line what is wrong with a row: the error's words, of pydantic's field by field without the row."""
    if not isinstance(error, ValidationError):
        return str(error)
    parts = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False)[:3]:
        field = ".".join(str(step) for step in fault["loc"])
        message = _CUT if fault["type"] == "string_unicode" else fault["msg"].removeprefix("Value error, ")
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
