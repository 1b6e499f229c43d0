"""How a table is read: what each column is, and what its cells mean. `--preview` writes it, `--map` reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from persona_db.graph.models import Model

__all__ = ["NO", "YES", "ColumnPlan", "Kind", "NotAsked", "Role", "TablePlan"]

Role = Literal[
    "user", "question", "attribute", "text", "weight", "date", "wave", "item", "item_text", "value", "ignored"
]
"""What a column is; `item`, `item_text` and `value` are those of a table in long form."""

Kind = Literal["choice", "number", "ticked", "several"]
"""How a question is answered: by one option, a number, a box of its own, or several options in one cell."""

NO, YES = "no", "yes"


class NotAsked(Model):
    """Whoever has one of these values in that column was not asked."""

    column: str
    values: tuple[str, ...]


class ColumnPlan(Model):
    """A column of the table."""

    column: str = Field(description="Its name in the file.")
    role: Role
    id: str = Field(
        default="", description="Name of the question or attribute in the graph; the column's unless given."
    )
    text: str = Field(default="", description="The question; the column's name unless given.")
    kind: Kind = "choice"
    options: tuple[str, ...] = Field(default=(), description="In order.")
    scale: tuple[str, ...] = Field(default=(), description="Options from one end of the scale to the other; or none.")
    codes: dict[str, str] = Field(default_factory=dict, description="What a code in the file means.")
    missing: tuple[str, ...] = Field(default=(), description="Values that are no answer.")
    missing_ranges: tuple[tuple[float, float], ...] = ()
    cuts: tuple[float, ...] = Field(
        default=(), description="Where numbers are cut: up to the first, up to the next, ..."
    )
    ticked: tuple[str, ...] = Field(default=(), description="Values that say yes.")
    unticked: tuple[str, ...] = Field(default=(), description="Values that say no.")
    blank: Literal["not asked", "not ticked"] = "not asked"
    not_asked_when: NotAsked | None = None
    separator: str = Field(default="", description="What stands between several options in one cell.")
    date_format: str = Field(default="", description="As strptime has it; `iso`, `seconds` or `milliseconds`.")
    guessed: tuple[str, ...] = Field(default=(), description="What was not told by the file.")

    @model_validator(mode="after")
    def _fits_together(self) -> ColumnPlan:
        strange = [option for option in self.scale if option not in self.options]
        if strange:
            raise ValueError(f"column {self.column!r}: {strange[0]!r} is on the scale and no option")
        if len(set(self.options)) < len(self.options) or len(set(self.scale)) < len(self.scale):
            raise ValueError(f"column {self.column!r}: the same option twice")
        if self.kind == "number" and self.role in ("question", "value") and len(self.options) != len(self.cuts) + 1:
            raise ValueError(f"column {self.column!r}: {len(self.cuts)} cuts make {len(self.cuts) + 1} options")
        if self.role == "question" and self.kind in ("choice", "several") and not self.options:
            raise ValueError(f"column {self.column!r}: a question needs options")
        return self

    @property
    def name(self) -> str:
        """The id of the question, or the name of the attribute."""
        return self.id or self.column

    @property
    def asked(self) -> str:
        """The question's text."""
        return self.text or self.column

    @property
    def ordinal(self) -> tuple[float | None, ...]:
        """The place of each option on the scale, from 1; empty without a scale."""
        places = {option: float(place) for place, option in enumerate(self.scale, start=1)}
        return tuple(places.get(option) for option in self.options) if self.scale else ()


class TablePlan(Model):
    """A whole table."""

    form: Literal["wide", "long"] = "wide"
    header_rows: int | None = Field(default=None, ge=1, le=10)
    sheet: str | None = None
    wave: str = Field(default="", description="Of all answers of the file; a year or date is their date too.")
    columns: tuple[ColumnPlan, ...]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> TablePlan:
        for role in ("user", "weight", "date", "wave", "item", "item_text", "value"):
            found = [one.column for one in self.columns if one.role == role]
            if len(found) > 1:
                raise ValueError(f"columns {found[0]!r} and {found[1]!r} are both {role}")
        if self.form == "long":
            lacking = [role for role in ("user", "item", "value") if not self.of(role)]
            if lacking:
                raise ValueError(f"a table in long form needs a column that is {lacking[0]}")
        ids = [one.name for one in self.columns if one.role == "question"]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two columns are question {twice!r}")
        return self

    def of(self, role: str) -> tuple[ColumnPlan, ...]:
        """Return the columns that are *role*."""
        return tuple(one for one in self.columns if one.role == role)
