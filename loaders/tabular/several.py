"""Several options in one cell, with a separator between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["choices_in", "parts_of"]

_SEPARATORS = (";", "|", ",", "\n")
_MOST_CHOICES = 40


def choices_in(values: Mapping[str, int]) -> tuple[str, tuple[str, ...]] | None:
    """Return the separator and the single options of cells that hold several; None where they hold one each.

    Options come again in many cells, alone or beside others; commas within sentences do not.
    """
    counted = sum(values.values())
    for separator in _SEPARATORS:
        split = {value: parts_of(value, separator) for value in values}
        mixed = sum(count for value, count in values.items() if len(split[value]) > 1)
        if mixed < 0.05 * counted or mixed < 3:
            continue
        counts: dict[str, int] = {}
        for value, count in values.items():
            for part in set(split[value]):
                counts[part] = counts.get(part, 0) + count
        combinations = len(values)
        few = 1 < len(counts) <= _MOST_CHOICES and len(counts) < combinations
        again = sum(_comes_again(value, split) for value in values)
        words = sum(len(part) for part in counts) / len(counts)
        sentences = separator == "," and (words > 40 or any(re.search(r",\s+[a-z]", value) for value in values))
        if few and again >= combinations / 2 and not sentences and not (separator == "," and _are_amounts(values)):
            return separator, tuple(sorted(counts))
    return None


def _comes_again(value: str, split: Mapping[str, Sequence[str]]) -> bool:
    """Say whether the first option of a cell is also in a cell with more or fewer options."""
    first = split[value][:1]
    return any(part in other for part in first for other in split.values() if len(other) != len(split[value]))


def parts_of(cell: str, separator: str) -> list[str]:
    """Return the options in a cell, each once."""
    return list(dict.fromkeys(part for one in cell.split(separator) if (part := one.strip())))


def _are_amounts(values: Mapping[str, int]) -> bool:
    """Say whether commas only group digits: `$25,000 - $49,999`."""
    return all(re.search(r"\d,\d", value) or "," not in value for value in values)
