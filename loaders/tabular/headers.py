"""How many rows of a table are its header, as survey tools write them, and what its columns are called by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from persona_db.loaders.tabular.table_file import Variable, distinct_names, number_of

__all__ = ["LOOKED_AT", "Header", "read_header"]

LOOKED_AT = 60
"""First rows from which the header is told."""

_IMPORT_ID = '{"ImportId"'
_RESPONSE = re.compile(r"(open-ended )?response|other \(please specify\)|value", re.IGNORECASE)
_QUALTRICS_NAMES = {"responseid", "startdate", "recordeddate", "responseset", "enddate", "response id", "start date"}
_LIMESURVEY_NAMES = {"submitdate", "lastpage", "startlanguage"}
_JUNK = re.compile(r"[^\S ]+|[\x00-\x1f\x7f-\x9f\ufeff\ud800-\udfff]+")
_TAG = re.compile(r"<[^<>]{1,200}>")


class Header(NamedTuple):
    """The columns by the header, how many rows it has, and whose way of writing it that is."""

    variables: tuple[Variable, ...]
    rows: int
    tool: str


def read_header(rows: Sequence[Sequence[str]], *, given: int | None = None) -> Header:
    """Return the header of a table from its first rows; *given* is how many rows it has, where somebody said so."""
    width = len(rows[0])
    rows = [[_clean(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    count, tool = _recognised(rows)
    if given is not None:
        count, tool = given, tool if given == count else ""
    names = rows[0]
    texts = rows[1] if count > 1 else [""] * width
    merged = count == 2 and not tool and any(text and not name for name, text in zip(names, texts, strict=False))
    if tool == "SurveyMonkey" or merged:
        return Header(_filled_down(names, texts), count, tool or "merged cells")
    variables = tuple(
        Variable(name=name, label="" if label == name or label.startswith(_IMPORT_ID) else label)
        for name, label in zip(distinct_names(names), texts, strict=False)
    )
    return Header(variables, count, tool)


def _recognised(rows: Sequence[Sequence[str]]) -> tuple[int, str]:
    first, second, third = (rows[place] if len(rows) > place else [] for place in range(3))
    known = (
        (any(cell.startswith(_IMPORT_ID) for cell in third), 3, "Qualtrics"),
        (any(cell.startswith(_IMPORT_ID) for cell in second), 2, "Qualtrics"),
        (sum(cell.casefold() in _QUALTRICS_NAMES for cell in second) >= 2, 2, "Qualtrics"),
        (_is_second_of_surveymonkey(first, second), 2, "SurveyMonkey"),
        (bool(_LIMESURVEY_NAMES & {cell.casefold() for cell in first}), 1, "LimeSurvey"),
        (len(rows) > 4 and _are_texts(second, rows[2:]), 2, "texts below the names"),
    )
    return next(((count, tool) for holds, count, tool in known if holds), (1, ""))


def _is_second_of_surveymonkey(first: Sequence[str], second: Sequence[str]) -> bool:
    if len(second) != len(first) or (second and second[0]):
        return False
    said = sum(bool(_RESPONSE.fullmatch(cell)) for cell in second)
    below_merged = sum(bool(cell) for name, cell in zip(first[1:], second[1:], strict=True) if not name)
    return said > 0 and (below_merged > 0 or said >= len(second) // 2)


def _are_texts(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether *row* explains its columns: sentences, none of them an answer that comes again below."""
    filled = [(place, cell) for place, cell in enumerate(row) if cell]
    if len(filled) < max(2, len(row) // 2):
        return False
    told = 0
    for place, cell in filled:
        others = [one[place] for one in below if len(one) > place and one[place]]
        numbers = sum(number_of(one) is not None for one in others)
        if cell in others or number_of(cell) is not None:
            return False
        told += bool(others) and numbers == len(others)
    sentences = sum(len(cell) > 15 and " " in cell for _, cell in filled)
    return told >= 0.5 * len(filled) and sentences >= 0.5 * len(filled)


def _filled_down(names: Sequence[str], parts: Sequence[str]) -> tuple[Variable, ...]:
    """Return the columns below merged cells: what stands left of an empty name is asked of that column too."""
    asked = ""
    made = []
    for place, (name, part) in enumerate(zip(names, parts, strict=True)):
        asked = name or asked
        alone = bool(name) and not (place + 1 < len(names) and not names[place + 1] and parts[place + 1])
        item = "" if _RESPONSE.fullmatch(part) and alone else part
        made.append((asked, item))
    ids = distinct_names([f"{_short(asked)}: {item}" if item else asked for asked, item in made])
    return tuple(
        Variable(name=id_, label=f"{asked} - {item}" if item else asked, group=asked if item else "")
        for id_, (asked, item) in zip(ids, made, strict=True)
    )


def _short(text: str) -> str:
    """Return the first sentence of a question, at most 80 characters of it."""
    first = re.split(r"(?<=[?.!:])\s", text, maxsplit=1)[0]
    return first if len(first) <= 80 else first[:79].rsplit(" ", 1)[0] + "…"


def _clean(cell: str) -> str:
    """Return a header's text without line breaks, control characters and the tags of a web page."""
    return _JUNK.sub(" ", _TAG.sub("", cell)).strip() if cell else ""
