"""What the cells of a column mean, each distinct text worked out once."""

from __future__ import annotations

from typing import Final

from persona_db.loaders.rows import LONGEST_TEXT, shown
from persona_db.loaders.tabular.cuts import place_of
from persona_db.loaders.tabular.plan import ColumnPlan
from persona_db.loaders.tabular.several import parts_of
from persona_db.loaders.tabular.table_file import code_text, number_of
from persona_db.loaders.tabular.words import is_missing

__all__ = ["MISSING", "Meanings"]

MISSING: Final = -1
"""The cell is no answer."""

_REMEMBERED = 10_000


class Meanings:
    """The meaning of each cell of a column: an option's index, MISSING, or for several options all that are ticked.

    A text says why a cell means nothing.
    """

    def __init__(self, plan: ColumnPlan) -> None:
        self._plan = plan
        self._places = {option: place for place, option in enumerate(plan.options)}
        self._folded = {option.casefold(): place for option, place in reversed(self._places.items())}
        self._missing = set(plan.missing)
        self._known: dict[str, int | frozenset[int] | str] = {}

    def of(self, cell: str) -> int | frozenset[int] | str:
        """Return what the cell means; it is not blank."""
        known = self._known.get(cell)
        if known is None:
            known = self._read(cell)
            if len(self._known) < _REMEMBERED:
                self._known[cell] = known
        return known

    def _read(self, cell: str) -> int | frozenset[int] | str:
        code = code_text(cell)
        if not code or self._is_missing(code):
            return MISSING
        means = {"ticked": self._box, "number": self._number, "several": self._several, "choice": self._choice}[
            self._plan.kind
        ](code)
        return MISSING if isinstance(means, str) and is_missing(code) else means

    def _choice(self, code: str) -> int | frozenset[int] | str:
        text = self._plan.codes.get(code, code)
        place = self._places.get(text, self._folded.get(text.casefold()))
        if place is None:
            return MISSING if is_missing(text) else f"{shown(text)} is no option"
        return place

    def _box(self, code: str) -> int | frozenset[int] | str:
        if code in self._plan.ticked:
            return 1
        return 0 if code in self._plan.unticked else f"{shown(code)} is neither ticked nor not"

    def _number(self, code: str) -> int | frozenset[int] | str:
        value = number_of(code)
        return f"{shown(code)} is no number" if value is None else place_of(value, self._plan.cuts)

    def _several(self, code: str) -> int | frozenset[int] | str:
        parts = parts_of(code, self._plan.separator)
        strange = next((part for part in parts if part not in self._places), None)
        return frozenset(self._places[part] for part in parts) if strange is None else f"{shown(strange)} is no option"

    def _is_missing(self, code: str) -> bool:
        if code in self._missing:
            return True
        if not self._plan.missing_ranges:
            return False
        number = number_of(code)
        return number is not None and any(low <= number <= high for low, high in self._plan.missing_ranges)


def attribute_of(meanings: Meanings, plan: ColumnPlan, cell: str) -> str:
    """Return the value of an attribute, '' where there is none; ValueError for a cell that means nothing."""
    means = meanings.of(cell)
    if isinstance(means, str):
        raise ValueError(means)
    return plan.options[means] if isinstance(means, int) and means != MISSING else ""


def text_of(cell: str) -> str:
    """Return a free text as it is stored; ValueError where it cannot be."""
    text = cell.strip()
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text of {len(text):,} characters; {LONGEST_TEXT:,} are the most")
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return "" if is_missing(text) else text
