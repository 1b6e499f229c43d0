"""Questions of which several options may be ticked: a yes/no question an option, in the place of the whole."""

from __future__ import annotations

import re

from persona_db.graph.models import Question
from persona_db.loaders.choices import chosen
from persona_db.loaders.rows import LONGEST_ID

__all__ = ["TICKS", "says_several", "tick_id", "tick_questions", "tick_text", "ticked"]

TICKS = ("no", "yes")
"""The options of the questions that come of one: not ticked, ticked."""

_SAYS_SEVERAL = re.compile(
    r"\b(tick|check|select|choose|mark|pick|name|list)\s+(all|any|every|each|as many)\b"
    r".{0,40}\b(appl(y|ies)|like|wish)\b|\b(all|any) that apply\b"
    r"|\bmehrfach(nennung|auswahl|antwort)|\bmehrere (antworten|nennungen)\b.{0,20}\bmöglich",
    re.IGNORECASE,
)


def says_several(text: str) -> bool:
    """Say whether a question's text asks to tick all that apply."""
    return _SAYS_SEVERAL.search(text) is not None


def tick_id(question: str, option: str) -> str:
    """Return the id of the yes/no question on one option."""
    return f"{question}={option}"


def tick_questions(question: Question) -> tuple[Question, ...]:
    """Return a yes/no question for each option, in their order; ValueError where an id would be too long."""
    made = tuple(
        Question(
            id=tick_id(question.id, option),
            text=f"{question.text} {option}",
            options=TICKS,
            ordinal=(0.0, 1.0),
            kind=question.kind,
            label=f"{question.label}: {option}"[:200] if question.label else "",
            content=question.content,
            at=question.at,
        )
        for option in question.options
    )
    if not made:
        raise ValueError("options: none, of which several could be ticked")
    if any(len(one.id) > LONGEST_ID for one in made):
        raise ValueError(f"question {question.id[:40]!r} and an option have more than {LONGEST_ID} characters together")
    return made


def ticked(given: object, question: Question) -> frozenset[int]:
    """Return the places of the options that an answer ticks; ValueError where it names something else."""
    if isinstance(given, list):
        return frozenset(chosen(one, question) for one in given)
    return frozenset({chosen(given, question)})


def tick_text(question: Question, option: int, *, yes: bool) -> str:
    """Return what it says of a person that they ticked an option, or did not."""
    return f'Asked "{question.text}", {"ticked" if yes else "did not tick"} "{question.options[option]}"'
