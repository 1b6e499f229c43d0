"""Whether a statement about a person is a sentence of its own: no list of labels, and no copy of what they wrote.

A key's holders and everybody who borrows from them may see induced statements, so they carry nobody's own sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.language.outputs import DISTILLED_KINDS, OPEN_KINDS
from persona_db.chains.language.quoting import folded

__all__ = ["wrong_wording"]

_WORD = re.compile(r"\w+(?:['-]\w+)*")
_BETWEEN = re.compile(r"[,;/|\u3001\uff0c]|\band\b|\bor\b")
_LABELS = frozenset({*(term.name for term in VOCABULARY), *DISTILLED_KINDS, *OPEN_KINDS, "value", "moral"})
_JOINING = re.compile(r"an?|and|as|both|for|her|his|in|of|on|or|person('s)?|the|their|they|to|user('s)?|with")
_HOLDING = re.compile(
    r"appreciates|are|believes|cares|about|emphasi[sz]es|has|high|holds|is|likes|prefers|prioriti[sz]es|respects|seeks|shows|"
    r"strong|supports|values|wants"
)
_OWN = re.compile(r"i|i'\w+|my|we|our")
_CUT = re.compile(r"(,|\b(an?|the|and|or|but|because|that))$")
"""How a sentence ends that a limit of the grammar has cut."""
_MANY = 3
_WHOLE, _RUN, _SHARE = 4, 8, 0.75
_LONG = 12
"""Characters from which a text without spaces that stands in another is a copy."""


def wrong_wording(text: str, *, said: Iterable[str], names: Sequence[str] = ()) -> str:
    """Return why *text* is no sentence about a person; empty when it is one.

    *said* are the texts that it may not copy: a copy stands in one of them whole, in four words or more, or has three
    quarters of its words from there, eight or more in a row. *names* are labels beside those of the vocabulary.
    """
    plain = folded(text)
    words = _WORD.findall(plain)
    if words and _OWN.fullmatch(words[0]):
        return "text is in the person's own words; say it of them"
    if _CUT.search(plain):
        return "text is not complete; say it in fewer words"
    if _is_label_list(plain, [folded(name) for name in names]):
        return "text is only labels; write a sentence about the person"
    if any(_copies(plain, words, folded(one)) for one in said):
        return "text is copied; say it in other words, about the person"
    return ""


def _is_label_list(plain: str, names: Sequence[str]) -> bool:
    """Whether nothing but names and what joins them is said, or one word after another with commas."""
    parts = [_WORD.findall(part) for part in _BETWEEN.split(plain)]
    parts = [part for part in parts if part]
    if len(parts) >= _MANY and all(len(part) == 1 and part[0].isascii() for part in parts):
        return True
    rest, labels = plain, 0
    for name in sorted({*_LABELS, *names}, key=len, reverse=True):
        rest, found = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", " ", rest) if name else (rest, 0)
        labels += found
    left = [word for word in _WORD.findall(rest) if not _JOINING.fullmatch(word)]
    return labels > 0 and (not left or (labels >= _MANY and all(map(_HOLDING.fullmatch, left))))


def _copies(plain: str, words: Sequence[str], source: str) -> bool:
    theirs = _WORD.findall(source)
    if len(words) < _WHOLE:
        bare = plain.strip(" .!?\u3002")
        return " " not in bare and len(bare) >= _LONG and bare in source
    matcher = SequenceMatcher(None, theirs, list(words), autojunk=False)
    run = matcher.find_longest_match().size
    return run == len(words) or (run >= _RUN and run >= _SHARE * len(words))
