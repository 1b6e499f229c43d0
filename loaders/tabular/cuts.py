"""Numbers cut into ordered options: sliders into tens, ages as pollsters cut them, other amounts into fifths."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

__all__ = ["AGE_CUTS", "cuts_of", "is_slider", "place_of", "range_names"]

AGE_CUTS = (29.0, 49.0, 64.0)
_SLIDER_CUTS = tuple(float(cut) for cut in range(10, 100, 10))
_PARTS = 5


def is_slider(numbers: Mapping[float, int]) -> bool:
    """Say whether numbers are those of a slider from 0 to 100."""
    return min(numbers) >= 0 and 50 < max(numbers) <= 100


def cuts_of(numbers: Mapping[float, int]) -> tuple[float, ...]:
    """Return where the numbers are cut: each part goes up to a cut, which is a round number, and includes it."""
    if is_slider(numbers):
        return _SLIDER_CUTS
    values = sorted(numbers)
    total = sum(numbers.values())
    cuts: list[float] = []
    below = 0
    for value in values[:-1]:
        below += numbers[value]
        if below >= total * (len(cuts) + 1) / _PARTS:
            cut = _round(value, values[-1] - values[0])
            if values[0] <= cut < values[-1] and (not cuts or cut > cuts[-1]):
                cuts.append(cut)
            if len(cuts) == _PARTS - 1:
                break
    return tuple(cuts) or (_round(values[0], 0.0),)


def range_names(cuts: Sequence[float], *, lowest: float, whole: bool, slider: bool = False) -> tuple[str, ...]:
    """Return what the parts are called: `18-29`, `30-49`, `50-64`, `65+`."""

    def shown(value: float) -> str:
        return str(int(value)) if value == int(value) else f"{value:g}"

    step = 1.0 if whole else 0.0
    names = [f"{shown(math.floor(lowest))}-{shown(cuts[0])}" if 0 <= lowest < cuts[0] else f"up to {shown(cuts[0])}"]
    for low, high in pairwise(cuts):
        names.append(
            f"{shown(low + step)}-{shown(high)}" if whole and low >= 0 else f"over {shown(low)} to {shown(high)}"
        )
    last = shown(cuts[-1] + step)
    names.append(f"{last}-100" if slider else f"{last}+" if whole and cuts[-1] >= 0 else f"over {shown(cuts[-1])}")
    return tuple(names)


def place_of(value: float, cuts: Sequence[float]) -> int:
    """Return in which part a number lies."""
    return bisect_left(cuts, value)


def _round(value: float, span: float) -> float:
    if value == 0 or span == 0:
        return value
    digits = 1 - math.floor(math.log10(span))
    return round(value, digits)
