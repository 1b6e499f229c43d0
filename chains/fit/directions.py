"""Which way the options of a question point: told by their words, never by their place."""

from __future__ import annotations

import re

from persona_db.chains.fit.scale import low_to_high
from persona_db.graph.models import Question

__all__ = ["aligned", "polarity", "tone"]

_FOR = re.compile(
    r"\b(yes|yea|aye|agree\w*|favou?r\w*|support\w*|approv\w+|allow\w*|good|better|legal|true|right|should|likely|"
    r"important|essential|satisfied|happy|safe|healthy|accept\w*|trust\w*|more|increase\w*|always|often|daily|"
    r"great\s+deal|a\s+lot|excellent|positive|interested|optimistic|pro|ja|dafür|zustimm\w*|stimme)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(nay|disagree\w*|oppos\w+|against|disapprov\w+|forbid\w*|ban\w*|bad|worse|illegal|false|wrong|unlikely|"
    r"unimportant|dissatisfied|unhappy|unsafe|poor|reject\w*|distrust\w*|less|fewer|decrease\w*|never|hardly|seldom|"
    r"rarely|negative|pessimistic|contra|nein|dagegen|ablehn\w*)\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(against|oppos\w+|forbid\w*|prohibit\w*|ban|bans|banned|banning|cut|cuts|cutting|lower\w*|reduc\w+|abolish\w*|stop|"
    r"stopp\w+|end|ended|repeal\w*|remov\w+|limit\w*|restrict\w*|less|fewer|worse|decreas\w+|weniger|gegen|verb[io]\w+|"
    r"illegal|wrong)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(no|not|n['’]t|none|nicht|kein\w*|cannot|isn['’]t|don['’]t)\b", re.IGNORECASE)


def polarity(option: str) -> int:
    """Return 1 for an option that says yes to something, -1 for one that says no, 0 where its words do not tell.

    >>> [polarity(option) for option in ("Yes", "strongly oppose", "not wrong at all", "not allowed", "blue", "no")]
    [1, -1, 1, -1, 0, -1]
    """
    says = len(_FOR.findall(option)) - len(_AGAINST.findall(option))
    denied = len(_DENIED.findall(option)) % 2
    if says:
        return (1 if says > 0 else -1) * (-1 if denied else 1)
    return -1 if denied else 0


def tone(text: str) -> int:
    """Return 1 for a text that is against something or for less of it, 0 for one that is not, or denies that it is.

    >>> [tone(text) for text in ("Should fireworks be banned?", "Should fireworks be allowed?", "No ban on fireworks")]
    [1, 0, 0]
    """
    return (len(_LESS.findall(text)) + len(_DENIED.findall(text))) % 2


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
