"""Mutated CSV tables: rows with cells cut, swapped, emptied, filled with nasty values, and lines torn."""

from __future__ import annotations

from random import Random

__all__ = ["mutated"]

_VALUES = (
    b"", b" ", b"-1", b"0", b"1", b"2", b"1.0", b"1e3", b"NaN", b"inf", b"-", b"null", b"99999999999999999999",
    b"\xff\xfe", b"\x00", b'"', b'""', b'"a\nb"', b"\xed\xa0\xbc", "Jose\u0301".encode(),
    b"'; MATCH (n) DETACH DELETE n",
    b"x" * 600, "\u202e\U0001f600".encode(), b"2005-13-45", b"House",
)  # fmt: skip


def mutated(text: str, draw: Random, *, rows: int) -> bytes:
    """Return a table of which some rows, never the header, are changed; *rows* of them."""
    lines = text.encode().split(b"\n")
    for _ in range(rows):
        place = draw.randrange(1, len(lines))
        lines[place] = _changed(lines[place], draw)
        if draw.random() < 0.1:
            lines.insert(place, lines[draw.randrange(1, len(lines))])
    return b"\n".join(lines)


def _changed(line: bytes, draw: Random) -> bytes:
    cells = line.split(b",")
    place = draw.randrange(len(cells))
    kind = draw.randrange(6)
    if kind == 0:
        return line[: draw.randrange(len(line) + 1)]
    if kind == 1:
        del cells[place]
    elif kind == 2:
        cells.insert(place, draw.choice(_VALUES))
    elif kind == 3:
        other = draw.randrange(len(cells))
        cells[place], cells[other] = cells[other], cells[place]
    else:
        cells[place] = draw.choice(_VALUES)
    return b",".join(cells)
