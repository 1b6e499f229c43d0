"""Names of cache keys: one spelling for what means the same, so that people who share it meet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from persona_db.chains.statistical.vocabulary import VOCABULARY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from persona_db.graph.embedding import Embedder

__all__ = ["Ideologies", "canonical", "key_id", "opposite_of"]

_ARTICLES = ("the", "a", "an")
_SIDES: Mapping[str, str] = {
    "for": "for", "pro": "for", "support": "for", "supports": "for", "supporting": "for", "favor": "for",
    "favour": "for", "favors": "for", "favours": "for", "against": "against", "anti": "against",
    "oppose": "against", "opposes": "against", "opposing": "against", "opposed": "against",
}  # fmt: skip
_LINKING = ("of", "to", "for", "about")
_SIDED = ("issue", "entity")
_SIGNS = re.compile(r"[^\w\s+#&]|_")

_CALLED: Mapping[str, str] = {
    "liberalism": "liberal", "progressive": "liberal", "progressivism": "liberal", "left wing": "liberal",
    "leftist": "liberal", "left leaning": "liberal", "social liberal": "liberal", "conservatism": "conservative",
    "right wing": "conservative", "right leaning": "conservative", "traditionalist": "conservative",
    "libertarianism": "libertarian", "environmentalism": "environmentalist",
    "techno optimist": "technological optimist", "tech optimist": "technological optimist",
    "techno optimism": "technological optimist", "technological optimism": "technological optimist",
    "tech sceptic": "technological sceptic", "tech skeptic": "technological sceptic",
    "technological skeptic": "technological sceptic", "technological skepticism": "technological sceptic",
    "technological scepticism": "technological sceptic", "techno skeptic": "technological sceptic",
}  # fmt: skip
_NEAR, _NEARER = 0.72, 0.15
"""Cosine of names, and how far the next one is behind: takes "socially liberal", leaves "socialist" and "populist"."""


def canonical(kind: str, name: str) -> str:
    """Return the one spelling of a name: case, accents of width, punctuation and articles aside.

    Of an issue or entity the side comes first, `for` or `against`, where one is said. Empty when nothing is left.
    """
    plain = unicodedata.normalize("NFKC", name).casefold().replace("'", "").replace("\u2019", "")
    words = [word for word in _SIGNS.sub(" ", plain).split() if word not in _ARTICLES]
    if kind in _SIDED and len(words) > 1 and words[0] in _SIDES:
        side = _SIDES[words[0]]
        rest = words[1:]
        while len(rest) > 1 and rest[0] in _LINKING:
            rest = rest[1:]
        words = [side, *rest]
    joined = " ".join(words)
    return joined.replace(" ", "-") if kind == "value" else joined


def key_id(kind: str, name: str) -> str:
    """Return the cache key id of a canonical name."""
    return f"{kind}:{name}"


def opposite_of(key: str) -> str | None:
    """Return the id of the key that contradicts an issue or entity with a side, held by somebody or not; else None."""
    kind, _, name = key.partition(":")
    side, _, rest = name.partition(" ")
    if kind not in _SIDED or not rest or side not in ("for", "against"):
        return None
    return key_id(kind, f"{'against' if side == 'for' else 'for'} {rest}")


class Ideologies:
    """The vocabulary's ideologies, and what else they are called: by a small list, and by meaning where near."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._names = tuple(term.name for term in VOCABULARY if term.kind == "ideology")
        self._embedder = embedder
        self._lock = Lock()
        self._vectors: NDArray[np.float32] | None = None
        self._found = lru_cache(maxsize=10_000)(self._find)

    def named(self, name: str) -> str:
        """Return the vocabulary's name for a canonical name, itself where it is none of them."""
        if name in self._names:
            return name
        return _CALLED.get(name) or self._found(name)

    def _find(self, name: str) -> str:
        if self._embedder is None:
            return name
        with self._lock:  # the model underneath is one
            if self._vectors is None:
                self._vectors = self._embedder.embed(self._names)
            nearness = self._vectors @ self._embedder.embed([name])[0]
        best, second = nearness.argsort()[-1], nearness.argsort()[-2]
        clear = nearness[best] >= _NEAR and nearness[best] - nearness[second] >= _NEARER
        return self._names[int(best)] if clear else name
