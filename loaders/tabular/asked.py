"""What somebody says of a table beside the file: columns by name, pattern or place, missing values, scales."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model
from persona_db.loaders.tabular.plan import ColumnPlan
from persona_db.loaders.tabular.table_file import code_text

__all__ = ["TableOptions", "chosen", "with_missing", "with_scales"]


Names = Annotated[tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)]
"""One text, or several."""


class TableOptions(Model):
    """The options of `load table`; a column is named by its name, a pattern with *, or its place from 1."""

    user: Names = ()
    item: Names = ()
    value: Names = ()
    attributes: Names = ()
    questions: Names = ()
    weight: Names = ()
    date: Names = ()
    missing: Names = Field(default=(), description="`98,99` for all columns, or `COLUMNS=98,99`.")
    scale: Names = Field(default=(), description="`low < medium < high`, or `COLUMNS=low < medium < high`.")
    wave: str | None = None
    codebook: Path | None = None
    header_rows: int | None = None
    sheet: str | None = None
    map: Path | None = None


def chosen(names: Sequence[str], wanted: Sequence[str], *, option: str, one: bool = False) -> list[str]:
    """Return the columns that *wanted* names, in the order of the table; ConfigError for one that there is not."""
    found: list[str] = []
    for want in wanted:
        matched = _matched(names, want)
        if not matched and "," in want:
            matched = [name for part in want.split(",") for name in _one(names, part.strip(), option)]
        found += matched or _one(names, want, option)
    kept = [name for name in names if name in found]
    if one and len(kept) > 1:
        raise ConfigError(f"{option} names {len(kept)} columns: {', '.join(kept[:3])}; it takes one")
    return kept


def with_missing(plans: Mapping[str, ColumnPlan], options: TableOptions) -> dict[str, ColumnPlan]:
    """Return the plans without the options that were said to be missing values."""
    made = dict(plans)
    for given in options.missing:
        columns, values = _cut(given, list(plans), "--missing")
        codes = {code_text(value) for value in values.split(",")}
        for name in columns:
            plan = made[name]
            named = codes | {plan.codes[code] for code in codes if code in plan.codes}
            kept = tuple(one for one in plan.options if one not in named)
            update = {
                "missing": tuple(dict.fromkeys([*plan.missing, *sorted(codes)])),
                "codes": {code: label for code, label in plan.codes.items() if code not in codes},
            }
            if plan.kind == "choice" and kept:
                update |= {"options": kept, "scale": tuple(one for one in plan.scale if one not in named)}
            made[name] = plan.model_copy(update=update)
    return made


def with_scales(plans: Mapping[str, ColumnPlan], options: TableOptions) -> dict[str, ColumnPlan]:
    """Return the plans with the scales given; options that a scale does not name are off it."""
    made = dict(plans)
    for given in options.scale:
        columns, steps = _cut(given, list(plans), "--scale")
        scale = [step.strip() for step in re.split(r"\s*<\s*", steps) if step.strip()]
        used = False
        for name in columns:
            plan = made[name]
            by_name = {option.casefold(): option for option in plan.options}
            by_name |= {
                code.casefold(): option for code, option in plan.codes.items() if code.casefold() not in by_name
            }
            on = [by_name[step.casefold()] for step in scale if step.casefold() in by_name]
            if plan.role not in ("question", "value") or plan.kind != "choice" or len(on) < len(scale):
                if "=" in given and plan.role == "question":
                    lacking = [step for step in scale if step.casefold() not in by_name]
                    raise ConfigError(
                        f"--scale: {lacking[:1] or plan.kind} is no option of {name!r}: {', '.join(plan.options[:8])}"
                    )
                continue
            used = True
            in_order = tuple([*on, *(option for option in plan.options if option not in on)]) if on else plan.options
            kept = tuple(guess for guess in plan.guessed if "order" not in guess and "scale" not in guess)
            made[name] = plan.model_copy(update={"options": in_order, "scale": tuple(on), "guessed": kept})
        if not used:
            raise ConfigError(f"--scale {given!r}: no question has these options")
    return made


def _cut(given: str, names: Sequence[str], option: str) -> tuple[list[str], str]:
    """Return the columns that an option speaks of, all without a `COLUMNS=` in front, and the rest."""
    before, equals, rest = given.partition("=")
    if not equals:
        return list(names), given
    return chosen(names, [before.strip()], option=option), rest


def _one(names: Sequence[str], want: str, option: str) -> list[str]:
    found = _matched(names, want)
    if not found:
        near = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise ConfigError(f"{option}: no column {want!r}; there are {near}")
    return found


def _matched(names: Sequence[str], want: str) -> list[str]:
    if want in names:
        return [want]
    lower = [name for name in names if name.casefold() == want.casefold()]
    if lower:
        return lower
    if any(mark in want for mark in "*?["):
        return [name for name in names if fnmatchcase(name.casefold(), want.casefold())]
    places = re.fullmatch(r"(\d+)(?:-(\d+))?", want)
    if places and 1 <= int(places[1]) <= len(names):
        return list(names[int(places[1]) - 1 : int(places[2] or places[1])])
    return []
