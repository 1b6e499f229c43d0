"""Which option of a question an answer names, and whether it names any."""

from __future__ import annotations

import re

from persona_db.graph.models import Question
from persona_db.loaders.rows import composed, shown

__all__ = ["REFUSED", "chosen", "is_no_answer"]

REFUSED = "Refused"
"""The answer that is no opinion, in the spelling of OpinionQA."""

_NUMBER = re.compile(r"[+-]?\d+(?:[.]\d+)?")
_CODE = re.compile(r"[^\w+-]*([+-]?\d+)(?!\d|[.,]\d)|.*[(=]\s*([+-]?\d+)\s*\)?")


def is_no_answer(given: object, question: Question) -> bool:
    """Say whether *given* is no opinion: nothing, or 'Refused' without a place on the question's scale."""
    if given is None:
        return True
    if given != REFUSED:
        return False
    return not (REFUSED in question.options and question.ordinal) or (
        question.ordinal[question.options.index(REFUSED)] is None
    )


def chosen(given: object, question: Question) -> int:
    """Return the place of the option that *given* names; ValueError says why it names none.

    A text is an option's text. A number is an option's text where options are numbers, and else an option's place from
    0, unless the number stands in the text of another option: codes that count from 1 are no places.
    """
    if isinstance(given, bool):
        found = [place for place, option in enumerate(question.options) if option.casefold() == str(given).casefold()]
        if len(found) == 1:
            return found[0]
        raise ValueError(f"{str(given).lower()} is no option of {shown(question.id)}; write an option's text")
    if isinstance(given, int | float):
        return _numbered(given, question)
    if isinstance(given, list):
        raise ValueError(
            f'several options in one answer; say "several": true in the line of question {shown(question.id)}'
        )
    if not isinstance(given, str):
        raise ValueError(f"option: is no text or number, but {shown(given)}")
    text = composed(given)
    if text not in question.options:
        raise ValueError(f"{shown(given)} is no option of {shown(question.id)}")
    return question.options.index(text)


def _numbered(given: float, question: Question) -> int:
    number = int(given) if float(given).is_integer() else given
    called = [place for place, option in enumerate(question.options) if _is(option, number)]
    if len(called) == 1:
        return called[0]
    if called or any(_NUMBER.fullmatch(option.strip()) for option in question.options):
        raise ValueError(
            f"{given} is no option of {shown(question.id)}, some of which are numbers; write the option's text"
        )
    if not isinstance(number, int) or not 0 <= number < len(question.options):
        last = len(question.options) - 1
        raise ValueError(f"question {shown(question.id)} has options 0 to {last}, not {given}")
    coded = [place for place, option in enumerate(question.options) if _code(option) == number]
    if coded and number not in coded:
        option, other = question.options[number], question.options[coded[0]]
        raise ValueError(
            f"{given} is the place of {shown(option)}, but stands in {shown(other)}; write the option's text"
        )
    return number


def _is(option: str, number: float) -> bool:
    return _NUMBER.fullmatch(option.strip()) is not None and float(option) == number


def _code(option: str) -> int | None:
    """Return the number that an option's text begins with or has in brackets at its end."""
    found = _CODE.fullmatch(option) if option.endswith((")", "=")) else None
    found = found or _CODE.match(option)
    digits = (found[1] or found[2]) if found else None
    return int(digits) if digits else None
