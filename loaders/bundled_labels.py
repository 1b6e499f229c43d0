"""What the questions of the bundled data are called: written by hand."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["bundled_labels"]


@cache
def bundled_labels(name: str, options: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return the fields `label`, `stances` and `content` of the questions in the file *name* of `samples/`, by id.

    Stances are in the order of *options*, empty for an option that the file leaves out.
    """
    found: dict[str, dict[str, Any]] = {}
    text = files("persona_db.samples").joinpath(name).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        blank = {"label": row["label"], "content": row["kind"], "stances": ("",) * len(options)}
        one = found.setdefault(row["question"], blank)
        place = options.index(row["option"])
        one["stances"] = (*one["stances"][:place], row["stance"], *one["stances"][place + 1 :])
    return found
