"""Which way the options of a question point: told by their words, never by their place."""

from __future__ import annotations

from persona_db.chains.fit.scale import low_to_high
from persona_db.chains.labels.polarity import polarity, tone
from persona_db.graph.models import Question

__all__ = ["aligned"]


def aligned(one: Question, other: Question) -> int:
    """Return 1 when the scales of two questions point the same way, -1 when they point contrary ways, 0 if unknown.

    Equal options tell by their order, others by which end says yes, or was given that direction. Of a question that is
    against something and one that is not it is unknown; roll calls are not judged by their words, which are procedure.
    """
    if one.kind != "rollcall" and tone(one.text) != tone(other.text):
        return 0
    mine, theirs = (_ordered(question) for question in (one, other))
    if not (one.directions or other.directions):
        if mine == theirs:
            return 1
        if mine == theirs[::-1]:
            return -1
    return _direction(one) * _direction(other)


def _ordered(question: Question) -> list[str]:
    return [question.options[option].casefold().strip() for option in low_to_high(question)]


def _direction(question: Question) -> int:
    """Return 1 when the high end says yes more than the low end, -1 for the contrary, 0 where both say the same."""
    order = low_to_high(question)
    if len(order) < 2:
        return 0
    difference = _polarity(question, order[-1]) - _polarity(question, order[0])
    return (difference > 0) - (difference < 0)


def _polarity(question: Question, option: int) -> int:
    """Return the polarity of an option: that of its direction where one was given, else of its words."""
    if question.directions and (given := question.directions[option]):
        return {"for": 1, "against": -1}.get(given, 0)
    return polarity(question.options[option])
