"""Graded statements: options that say the same more or less strongly, or its contrary.

`very likely`, `somewhat likely`, `not very likely`, `very unlikely`: what remains without the words that grade and deny
is the same in all of them, and these words give the degree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from persona_db.loaders.tabular.words import is_neutral, plain

__all__ = ["degrees"]

_STRONG = {"very", "strongly", "completely", "definitely", "totally", "absolutely", "highly", "always",
           "greatly", "entirely", "certainly", "fully", "far", "much", "a great deal"}  # fmt: skip
_CLEAR = {"fairly": 1.6, "pretty": 2.0, "quite": 1.6, "mostly": 2.0, "generally": 1.8, "moderately": 1.4, "rather": 1.4,
          "likely": 1.8}  # fmt: skip
_WEAK = {"somewhat", "slightly", "probably", "a little", "little", "mildly", "sort", "kind", "tend", "lean", "leaning",
         "only", "sometimes", "some"}  # fmt: skip
_DENIED = {"not", "no", "never", "don", "doesn", "isn", "none", "nor", "cannot", "hardly"}
_CONTRARY = {
    "disagree": "agree", "oppose": "favor", "against": "favor", "support": "favor", "favour": "favor",
    "approve": "approve",
    "disapprove": "approve", "unfavorable": "favorable", "unfavorably": "favorably", "unfavourable": "favourable",
    "dissatisfied": "satisfied", "unsatisfied": "satisfied", "unlikely": "likely", "bad": "good", "poor": "good",
    "unimportant": "important", "unhappy": "happy", "uncomfortable": "comfortable", "difficult": "easy", "hard": "easy",
    "unsafe": "safe", "dangerous": "safe", "unfair": "fair", "negative": "positive", "negatively": "positively",
    "dislike": "like", "distrust": "trust", "worse": "better", "decrease": "increase", "less": "more",
    "harmful": "helpful",
    "unhelpful": "helpful", "reject": "accept", "unacceptable": "acceptable", "wrong": "right", "false": "true",
    "untrue": "true", "unwilling": "willing", "inaccurate": "accurate", "ineffective": "effective", "cold": "warm",
    "no": "yes", "unconfident": "confident", "pessimistic": "optimistic", "uninterested": "interested",
}  # fmt: skip
_ALIKE = {"favour": "favor", "support": "favor", "allowed": "allowed", "favors": "favor", "opposed": "favor"}
_NOISE = {"i", "am", "are", "is", "be", "a", "an", "the", "of", "to", "at", "all", "it", "that", "this", "so", "do",
          "would",
          "will", "t", "in", "or", "and", "too", "with", "have", "s", "me", "my", "on", "for", "way", "feel", "should",
          "can", "could", "may", "must", "they", "their", "you", "your"}  # fmt: skip


def degrees(options: Sequence[str]) -> list[float | None]:
    """Return the degree of each option, from the strongest denial up to the strongest statement.

    All are None where the options do not say one thing; the neutral one of a scale has degree 0.
    """
    read = [None if is_neutral(option) else _read(option) for option in options]
    stems = [stem for one in read if one is not None for stem in [one[1]]]
    shared = frozenset.intersection(*stems) if stems else frozenset()
    if len(stems) < 2 or any(2 * len(shared) < len(stem) for stem in stems):
        return [None] * len(options)
    return [0.0 if one is None else one[0] for one in read]


def _read(option: str) -> tuple[float, frozenset[str]]:
    words = plain(option).split()
    sign = 1.0
    if words and words[0] in ("yes", "no") and len(words) > 1:
        answer = words.pop(0)
        if answer == "no" and not _DENIED & set(words):
            sign = -1.0
    text = " ".join(words)
    weakened = re.search(r"\bnot (so |that )?strongly\b|\bnot very strongly\b", text) is not None
    denied = not weakened and bool(_DENIED & set(words) - ({"no"} if words == ["no"] else set()))
    if any(word in _CONTRARY and (word != "no" or words == ["no"]) and _CONTRARY[word] != word for word in words):
        sign = -sign
        if {"wrong"} & set(words):
            sign = -sign  # a scale of how wrong something is rises with it
    if "support" in words or "favour" in words:
        sign = abs(sign)
    strength = _strength(words, text, weakened=weakened)
    if denied:
        sign = -sign
        if re.search(r"\bnot at all\b|\bnot .* at all\b|\bnone at all\b", text):
            strength = 3.0
        elif re.search(r"\b(not|isn t) (very|too|so|really|particularly|all that|that)\b", text):
            strength = 1.0
    stem = frozenset(
        _ALIKE.get(word, _CONTRARY.get(word, word))
        for word in words
        if word not in _NOISE and word not in _DENIED - {"no"} and word not in _STRONG | _WEAK | {"extremely"}
        and (word not in _CLEAR or word == "likely")
    ) - ({"yes"} if words not in (["yes"], ["no"]) else set())  # fmt: skip
    return sign * strength, stem


def _strength(words: Sequence[str], text: str, *, weakened: bool) -> float:
    clear = next((strength for word, strength in _CLEAR.items() if word in words and word != "likely"), 0.0)
    steps = (
        (weakened, 1.0),
        ("almost" in words or "nearly" in words, 2.6),
        ("extremely" in words, 3.5),
        (bool(_STRONG & set(words)), 3.0),
        (clear > 0, clear),
        (bool(_WEAK & set(words)) or "a little" in text, 1.0),
    )
    return next((strength for holds, strength in steps if holds), 2.0)
