"""Text of others inside a prompt: it can pass for nothing but text, and quotes find it again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

__all__ = ["defused", "folded", "nonce_of", "quoted_in"]

_NONCE_CHARACTERS = 8
_INSTRUCTION_MARK = re.compile(r"\[(?=/?(?:INST|SYS|AVAILABLE_TOOLS|TOOL_)\b)", re.IGNORECASE)
_ALIKE = str.maketrans(
    {"\u2026": "...", "\u2039": "<", "`": "'"}
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
_ENDS = " \t'\".,;:!?-*_()[]<>"


def defused(text: str) -> str:
    """Return *text* on one line, without what a model or its chat template could take for structure.

    Line breaks become spaces, so that no line begins but ours; `<` becomes a sign that looks like it, so that no tag
    opens; invisible characters (controls, direction marks, tag characters) are dropped.
    """
    line = " ".join(text.split())
    if not line.isprintable():
        line = " ".join(_visible(line).split())
    return _INSTRUCTION_MARK.sub("[ ", line.replace("<", "\u2039"))


def _visible(text: str) -> str:
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if character.isspace() or category in ("Zl", "Zp"):
            kept.append(" ")
        elif category in ("Cc", "Cs", "Co", "Cn") or (category == "Cf" and character not in "\u200c\u200d"):
            continue
        else:
            kept.append(character)
    return "".join(kept)


def nonce_of(texts: Iterable[str]) -> str:
    """Return a word that is in none of *texts* and depends on all of them: whoever wrote one cannot know it."""
    parts = list(texts)
    whole = "\0".join(parts)
    for turn in range(1_000):
        digest = blake2b(f"{turn}\0{whole}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        if digest[:_NONCE_CHARACTERS] not in whole:
            return digest[:_NONCE_CHARACTERS]
    raise ValueError("no word is in none of the texts")


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """Return *text* as texts are compared: without case, spacing and typographic signs."""
    plain = unicodedata.normalize("NFKC", defused(text).translate(_ALIKE)).translate(_ALIKE).casefold()
    return " ".join(plain.replace("[ ", "[").split())


def quoted_in(quote: str, text: str) -> bool:
    """Whether *quote* stands in *text*, case, spacing and kinds of quotation marks aside; an empty one stands nowhere.

    A quote shortened by `...` stands in it when its parts do, in order.
    """
    start, complete = 0, folded(text).replace('"', "'")  # in JSON models write single marks for double ones
    parts = [part.strip(_ENDS) for part in folded(quote).replace('"', "'").split("...")]
    parts = [part for part in parts if part]
    for part in parts:
        found = complete.find(part, start)
        if found < 0:
            return False
        start = found + len(part)
    return bool(parts)
