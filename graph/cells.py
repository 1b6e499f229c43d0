"""What stands in a cell of a CSV file: lists joined, and no text that a spreadsheet takes for a formula."""

from __future__ import annotations

import json
import re

__all__ = ["csv_cell", "joined", "text_of_cell"]

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def joined(value: object) -> object:
    """Return a list of texts and numbers as `a; b`, another list or a mapping as JSON, and anything else as it is.

    >>> joined(["bus lanes", "trees"])
    'bus lanes; trees'
    """
    if isinstance(value, list | tuple) and all(one is None or isinstance(one, str | int | float) for one in value):
        return "; ".join("" if one is None else _bool(one) if isinstance(one, bool) else str(one) for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def csv_cell(value: object) -> object:
    """Return what stands in the cell for *value*: numbers as they are, and texts that no spreadsheet calculates.

    A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return, with or without apostrophes before it, gets
    one apostrophe in front; `text_of_cell` takes it away again. What begins with anything else stays as it is.

    >>> csv_cell("=1+1"), csv_cell(-1), csv_cell("ada")
    ("'=1+1", -1, 'ada')
    """
    if isinstance(value, bool):
        return _bool(value)
    value = joined(value)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def text_of_cell(cell: str) -> str:
    """Return the text for which `csv_cell` gave *cell*.

    >>> text_of_cell("'=1+1")
    '=1+1'
    """
    return cell[1:] if _GUARDED.match(cell) else cell


def _bool(value: object) -> str:
    return "true" if value else "false"
