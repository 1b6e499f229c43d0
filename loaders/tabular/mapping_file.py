"""The mapping file of a table, in TOML: written by `load table FILE --preview`, edited by hand, read by `--map`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from persona_db.graph.errors import LoadError
from persona_db.loaders.lines import refusing
from persona_db.loaders.rows import reason_of
from persona_db.loaders.tabular.plan import ColumnPlan, TablePlan
from persona_db.loaders.tabular.profile import ColumnProfile

__all__ = ["mapping_text", "read_mapping"]

_HEAD = """\
# How persona-db reads this table. Edit it, and load with: persona-db load table FILE --map THIS --dataset NAME
# role: user, question, attribute, text, weight, date, wave or ignored (item, item_text and value in long form).
# options: in order. scale: those that lie on a scale, from one end to the other; none for options without order.
# codes: what a code in the file means. missing: values that are no answer.
"""


def read_mapping(path: Path) -> TablePlan:
    """Return the plan in a mapping file; LoadError says which column of it cannot be used."""
    with refusing(str(path)):
        content = path.read_bytes()
    try:
        return TablePlan.model_validate(tomllib.loads(content.decode("utf-8")))
    except ValidationError as error:
        raise LoadError(reason_of(error), source=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadError(f"is no TOML: {error}", source=str(path)) from error


def mapping_text(plan: TablePlan, profiles: Sequence[ColumnProfile]) -> str:
    """Return the mapping file of a plan; comments show how full each column is, three values, and what was guessed."""
    by_name = {profile.variable.name: profile for profile in profiles}
    lines = [_HEAD]
    lines += [f"# {note}" for note in plan.notes]
    lines += _fields(plan, leaving={"columns", "notes"})
    for column in plan.columns:
        lines += ["", "[[columns]]"]
        profile = by_name.get(column.column)
        if profile is not None:
            examples = ", ".join(repr(value[:40]) for value in list(profile.values)[:3])
            lines.append(f"# {profile.share:.0%} filled{f': {examples}' if examples else ''}")
        lines += [f"# guessed: {_one_line(guess)}" for guess in column.guessed]
        lines += _fields(column, leaving={"guessed"})
    return "\n".join(lines) + "\n"


def _fields(model: TablePlan | ColumnPlan, *, leaving: set[str]) -> Iterator[str]:
    defaults = {name: field.default for name, field in type(model).model_fields.items()}
    for name in type(model).model_fields:
        value = getattr(model, name)
        unused = value in (None, "", (), {}) or (name in ("kind", "blank", "form") and value == defaults[name])
        if (
            name in leaving
            or (unused and name not in ("scale",))
            or (name == "scale" and not getattr(model, "options", ()))
        ):
            continue
        yield f"{name} = {_toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, BaseModel):
        return _toml({name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(str(key))} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return " ".join(text.split())
