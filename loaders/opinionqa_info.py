"""Questions from OpinionQA's info.csv, whose cells are Python literals."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from persona_db.graph.models import QuarantinedRow, Question
from persona_db.loaders.rows import Quarantine, reason_of
from persona_db.loaders.table import Table

__all__ = ["is_refusal", "literal", "options_in_order", "questions_of"]

_COLUMNS = ("key", "question", "option_mapping", "option_ordinal")


def is_refusal(answer: str) -> bool:
    """Return whether *answer* is no opinion: the layout's own 'Refused'.

    The spelling matters: 'refused' is an option of some questions (on guns at home), with a place on their scale.
    """
    return answer == "Refused"


def questions_of(path: Path, quarantine: Quarantine) -> Iterator[tuple[int, Question]]:
    """Return each question of an info.csv with its row; rows without a usable question are quarantined.

    LoadError at once where the file is not one of that kind.
    """
    return _questions(Table(path, required=_COLUMNS), quarantine)


def _questions(table: Table, quarantine: Quarantine) -> Iterator[tuple[int, Question]]:
    key, text, mapping, scale = (table.place(name) for name in _COLUMNS)
    for number, row in table.rows(quarantine):
        try:
            options, ordinal = options_in_order(
                _cell(row[mapping], "option_mapping"), _cell(row[scale] or "[]", "option_ordinal")
            )
            yield number, Question(id=row[key], text=row[text].strip(), options=options, ordinal=ordinal)
        except ValueError as error:
            reason = reason_of(error)
        else:
            continue
        quarantine(QuarantinedRow(source=str(table.path), row=number, reason=reason))


def options_in_order(mapping: object, scale: object) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    """Return a question's options by their place on the scale, and these places.

    *mapping* has the answers by code, 'Refused' among them; *scale* has the place of each but 'Refused':
    [1.0, 2.0, 1.5] says that the third lies between the first two. Options beyond the scale's end come last and have
    no place. A scale on which all places are equal orders nothing: the places are then empty.
    """
    if not isinstance(mapping, dict):
        raise ValueError("option_mapping: is no dictionary")
    options = [str(name) for name in mapping.values() if not _missing(name) and not is_refusal(str(name))]
    if not options:
        raise ValueError("option_mapping: has no options")
    if len(set(options)) < len(options):
        raise ValueError("option_mapping: has the same option twice")
    if not isinstance(scale, list | tuple):
        raise ValueError("option_ordinal: is no list")
    if len(scale) > len(options):
        raise ValueError(f"option_ordinal: has {len(scale)} places for {len(options)} options")
    places = [_place(value) for value in scale] + [None] * (len(options) - len(scale))
    if len({place for place in places if place is not None}) < 2:
        return tuple(options), ()
    order = sorted(range(len(options)), key=lambda index: _last_if_none(places[index]))
    return tuple(options[index] for index in order), tuple(places[index] for index in order)


def literal(text: str) -> object:
    """Return the value of a Python literal in which nan may stand for a number; ValueError for anything else.

    Nothing is evaluated: a call, a name or an operator is refused.
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("is no Python literal") from error


def _cell(text: str, column: str) -> object:
    try:
        return literal(text)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id="nan"):
            return math.nan
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_key(key): _value(value) for key, value in zip(keys, values, strict=True)}
    raise ValueError("is no Python literal of texts and numbers")


def _key(node: ast.expr | None) -> object:
    key = _value(node) if node is not None else []
    if isinstance(key, Sequence | dict) and not isinstance(key, str):
        raise ValueError("option_mapping: has a key that is no code")
    return key


def _place(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise ValueError("option_ordinal: has a place that is no number")
    if math.isnan(value):
        return None
    if not 0 <= value < math.inf:
        raise ValueError("option_ordinal: has a place below 0 or infinite")
    return float(value)


def _missing(name: object) -> bool:
    return name is None or (isinstance(name, float) and math.isnan(name))


def _last_if_none(place: float | None) -> tuple[bool, float]:
    return (place is None, place or 0.0)
