"""Which people a question names: a bill says who moved it, a story whom it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

__all__ = ["common_words", "named_in", "own_words", "words_of"]

_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = 0.1


def words_of(text: str) -> set[str]:
    """Return the words of four letters or more that begin with a capital, in lower case."""
    return {word.casefold() for word in _WORD.findall(text) if word[0].isupper()}


def own_words(names: Mapping[str, str]) -> dict[str, str]:
    """Return the words of names (user -> name) that only one person is called by, with that person."""
    bearers: dict[str, list[str]] = {}
    for user, name in names.items():
        for word in {word.casefold() for word in _WORD.findall(name)}:
            bearers.setdefault(word, []).append(user)
    return {word: users[0] for word, users in bearers.items() if len(users) == 1}


def common_words(texts: Iterable[str]) -> set[str]:
    """Return the words that stand in more than a tenth of the texts: a name that is also such a word is no name."""
    counts: Counter[str] = Counter()
    size = 0
    for text in texts:
        size += 1
        counts.update(words_of(text))
    return {word for word, count in counts.items() if count > max(_COMMON * size, 1)}


def named_in(text: str, own: Mapping[str, str], *, common: Collection[str] = ()) -> list[str]:
    """Return the people named in *text*, by id, each once: those whose own word stands there with a capital."""
    return sorted({own[word] for word in words_of(text) if word in own and word not in common})
