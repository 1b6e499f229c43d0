"""Texts cut to a length that a table or a picture has room for."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["LONGEST_NAME", "shortened", "unique", "visible"]

LONGEST_NAME = 60
"""Characters of the name of a cache key at most."""


def shortened(text: str, longest: int) -> str:
    """Return *text* in one line of at most *longest* characters; what is cut is cut at a word, with an ellipsis.

    >>> shortened("The town should build a pool", 20)
    'The town should…'
    """
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[:longest]
    words = cut.rsplit(" ", 1)[0]
    kept = words if len(words) >= longest // 2 else cut[: longest - 1]
    return kept[: longest - 1].rstrip(" ,;:.-–") + "…"


def unique(names: Iterable[tuple[str, str]], *, longest: int = LONGEST_NAME) -> dict[str, str]:
    """Return the name of each id: that of its (id, name) pair, with the id or a number behind it where it is taken.

    Names that differ in case only count as equal. The first pair keeps its name.

    >>> unique([("q1", "Taxes"), ("q2", "Taxes")])
    {'q1': 'Taxes', 'q2': 'Taxes (q2)'}
    """
    made: dict[str, str] = {}
    taken: set[str] = set()
    for id_, name in names:
        found = shortened(name, longest)
        for number in range(10**9):
            if found.casefold() not in taken:
                break
            behind = f" ({id_})" if number == 0 and len(id_) <= longest // 3 else f" ({number + 1})"
            found = shortened(name, longest - len(behind)) + behind
        taken.add(found.casefold())
        made[id_] = found
    return made


def visible(text: str) -> str:
    """Return *text* without what turns the direction of the text around it, or moves a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
