"""Whether words say yes or no to something."""

from __future__ import annotations

import re

__all__ = ["polarity", "tone"]

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
