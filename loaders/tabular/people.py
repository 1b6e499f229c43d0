"""The people of a table: who each row is, what describes them, their weight, and when they answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from persona_db.loaders.rows import LONGEST_ID, shown
from persona_db.loaders.tabular.days import date_in, wave_date
from persona_db.loaders.tabular.meanings import Meanings, attribute_of
from persona_db.loaders.tabular.plan import ColumnPlan, TablePlan
from persona_db.loaders.tabular.table_file import code_text, number_of
from persona_db.loaders.tabular.words import is_missing

__all__ = ["PeopleColumns", "Who"]


class Who(NamedTuple):
    """The person of a row."""

    id: str
    attributes: Mapping[str, str]
    weight: float | None
    at: str
    wave: str
    faults: tuple[str, ...]
    """What of the row is left out, and why."""


class PeopleColumns:
    """The columns that say who a row is, by their places; *id_of* gives an id the form in which it is stored."""

    def __init__(self, plan: TablePlan, places: Mapping[str, int], *, id_of: Callable[[str], str]) -> None:
        self._plan = plan
        self._id_of = id_of
        self._attributes = [(one, Meanings(one), places[one.column]) for one in plan.of("attribute")]
        self._user = _place(plan.of("user"), places)
        self._weight = _place(plan.of("weight"), places)
        self._wave_place = _place(plan.of("wave"), places)
        self._date_place = _place(plan.of("date"), places)
        self._format = plan.of("date")[0].date_format if plan.of("date") else ""
        self._at = wave_date(plan.wave)

    def of(self, cells: Sequence[Sequence[str]], index: int, *, number: int) -> Who:
        """Return the person of the row at *index*; ValueError where nobody can be told, or when they answered."""
        user = f"row{number}" if self._user is None else code_text(cells[self._user][index])
        if not user or is_missing(user):
            raise ValueError("nobody is named")
        user = self._id_of(user)
        if len(user) > LONGEST_ID or "\0" in user:
            raise ValueError("the name is too long or cannot be stored")
        at = date_in(cells[self._date_place][index], self._format) if self._date_place is not None else ""
        wave = self._plan.wave
        if self._wave_place is not None:
            wave = code_text(cells[self._wave_place][index])
            at = at or wave_date(wave)
        faults: list[str] = []
        attributes = {}
        for plan, meanings, place in self._attributes:
            if cell := cells[place][index]:
                try:
                    value = attribute_of(meanings, plan, cell)
                except ValueError as error:
                    faults.append(f"{shown(plan.name)}: {error}")
                    continue
                if value:
                    attributes[plan.name.replace("=", " ")] = value
        weight = None
        if self._weight is not None and (cell := cells[self._weight][index].strip()):
            weight = number_of(cell)
            if weight is None or weight < 0:
                faults.append(f"weight {shown(cell)} is no number from 0 up")
                weight = None
        return Who(user, attributes, weight, at or self._at, wave, tuple(faults))


def _place(columns: Sequence[ColumnPlan], places: Mapping[str, int]) -> int | None:
    return places[columns[0].column] if columns else None
