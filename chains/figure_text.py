"""Texts in a figure: how wide they are, and how they are set in the room that a column has."""

from __future__ import annotations

import re
import unicodedata

from persona_db.chains.labels.texts import visible

__all__ = ["SIZE", "breadth", "fitted", "on_one_line", "wrapped"]

SIZE = 12.0
"""Of the labels."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EMS = {
    **dict.fromkeys("ijl|'.,:;! ", 0.34), **dict.fromkeys("ftr()[]-/I\"", 0.46), **dict.fromkeys("mwMW@%&", 1.0),
    **dict.fromkeys("…—", 1.0), **dict.fromkeys("abcdeghknopqsuvxyz0123456789$?+=", 0.645),
}  # fmt: skip


def breadth(text: str, size: float = SIZE) -> float:
    """Return how wide *text* is at most in a usual sans-serif typeface."""
    return sum(_EMS.get(char) or _wide(char) for char in text) * size


def fitted(text: str, room: float, size: float = SIZE) -> str:
    """Return *text* in one line, cut with an ellipsis where it has not the *room*."""
    line = " ".join(text.split())
    if breadth(line, size) <= room:
        return line
    kept, wide = 0, breadth("…", size)
    for char in line:
        wide += breadth(char, size)
        if wide > room:
            break
        kept += 1
    return line[:kept].rstrip() + "…"


def wrapped(text: str, room: float, *, most: int, size: float = SIZE) -> tuple[str, ...]:
    """Return *text* in at most *most* lines that have the *room*; what is left over is cut with an ellipsis.

    Lines end between words; a word that is wider than a line ends anywhere.

    >>> wrapped("For bus lanes", 60, most=2)
    ('For bus', 'lanes')
    """
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most - 1:
        line = words[0]
        if breadth(line, size) > room:
            head = _head(line, room, size)
            lines.append(head)
            words[0] = line[len(head) :]
            continue
        words.pop(0)
        while words and breadth(f"{line} {words[0]}", size) <= room:
            line = f"{line} {words.pop(0)}"
        lines.append(line)
    if words:
        lines.append(fitted(" ".join(words), room, size))
    return tuple(lines) or ("",)


def on_one_line(text: str) -> str:
    """Return a text on one line that XML can hold and that turns nothing around it."""
    return " ".join(_NOT_XML.sub("�", visible(text)).split())


def _head(word: str, room: float, size: float) -> str:
    """Return the beginning of a word that has the room, at least one character of it."""
    wide = 0.0
    for at, char in enumerate(word):
        wide += breadth(char, size)
        if wide > room:
            return word[: max(at, 1)]
    return word


def _wide(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.1
    return 0.8
