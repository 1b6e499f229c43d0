"""Ids that look alike, which may be one person under two names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["alike"]

_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_NUMBER = re.compile(r"0*(\d+)(?:[.]0+)?")


def alike(read: Iterable[str], stored: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of ids that look alike, sorted, with at least one of *read* in each.

    Alike are ids that differ by case, accents' form, width, blanks, characters that are not seen, or the zeros that
    spreadsheets add and drop.
    """
    new = set(read)
    groups: dict[str, set[str]] = {}
    for id_ in new.union(stored):
        groups.setdefault(_looks(id_), set()).add(id_)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1 and not group.isdisjoint(new))


def _looks(id_: str) -> str:
    looks = id_.casefold() if id_.isascii() else unicodedata.normalize("NFKC", id_).casefold()
    looks = _UNSEEN.sub("", looks)
    number = _NUMBER.fullmatch(looks)
    return number[1] if number else looks
