"""Every id that is made: the same things give the same id, and everything that depends on an id agrees on its form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b, sha256

__all__ = [
    "answer_occasion",
    "demographic_id",
    "derived_item_key",
    "fact_id",
    "fact_of",
    "fit_id",
    "is_computed",
    "is_pole",
    "is_positive",
    "is_stance_on",
    "is_style",
    "item_id",
    "key_id",
    "new_question_id",
    "numbered_fact_id",
    "opposite_pole",
    "persona_id",
    "pole_id",
    "position_id",
    "quarantine_id",
    "run_id",
    "stance_id",
    "statement_id",
    "style_id",
    "summary_id",
    "trait_of",
]

_LONGEST_ATTRIBUTE = 200  # ids are indexed
_POLE = re.compile(r"trait:\d+[+-]")


def statement_id(text: str) -> str:
    """Return the id of the Statement that holds *text*: equal texts have one."""
    return sha256(text.encode()).hexdigest()[:32]


def quarantine_id(*parts: str) -> str:
    """Return the id of a quarantined row or answer: the same one is stored once."""
    return statement_id("\n".join(parts))


def item_id(user: str, key: str) -> str:
    """Return the id of a user's item: unique in the dataset when *key* is unique among the user's items."""
    if "/" in user or "%" in user:  # or user 'a/b' with key 'c' would be user 'a' with key 'b/c'
        user = user.replace("%", "%25").replace("/", "%2F")
    return f"{user}/{key}"


def answer_occasion(item: str, user: str, question: str, at: str) -> str | None:
    """Return the occasion of an answer whose id is made of its user, question and occasion: `ann/tax@wave 2`.

    It is '' where that is the answer's date, or none; None when the id is made of anything else.
    """
    made, mark, occasion = item_id(user, question), "@", ""
    if item != made:
        if not item.startswith(made + mark):
            return None
        occasion = item[len(made) + 1 :]
    return "" if occasion == at else occasion


def derived_item_key(user: str, question: str | None, text: str, at: str) -> str:
    """Return the key of an item to which its source gives none: the same item, read again, has the same key."""
    return sha256("\x1f".join((user, question or "", text, at)).encode()).hexdigest()[:32]


def new_question_id(text: str, options: Sequence[str]) -> str:
    """Return the id of a question that no dataset holds, from its text and its ordered options."""
    return f"new:{blake2b(repr((text, tuple(options))).encode(), digest_size=8).hexdigest()}"


def fit_id(digest: bytes) -> str:
    """Return the id of the Fit whose signals, settings and seed have this digest."""
    return f"fit-{digest.hex()}"


def persona_id(user: str, version: int) -> str:
    """Return the id of a user's persona: one for each version of the user."""
    return f"{user}/{version}"


def fact_id(*content: object) -> str:
    """Return the id of a fact from its user, key, text, strength and supports: it changes when one of them does."""
    return blake2b(repr(content).encode(), digest_size=16).hexdigest()


def numbered_fact_id(fact: str, times: int) -> str:
    """Return the id under which a fact is stored that held *times* times before: a node for each time it holds."""
    return f"{fact}.{times}" if times else fact


def fact_of(stored: str) -> str:
    """Return the id of the fact that is stored under *stored*, whichever time it holds."""
    return stored.split(".", 1)[0]


def run_id(unit: str, stage: str, model: str, prompt: str) -> str:
    """Return the id of a run of a language model: whoever does this unit of work again gives the same."""
    return blake2b("\0".join((unit, stage, model, prompt)).encode(), digest_size=16).hexdigest()


def key_id(kind: str, name: str) -> str:
    """Return the cache key id of a canonical name."""
    return f"{kind}:{name}"


def stance_id(question: str, *options: int) -> str:
    """Return the cache key id of a side of a question: of one answer, or of any of several."""
    return key_id("stance", f"{question}={'+'.join(map(str, options))}")


def is_stance_on(key: str, question: str) -> bool:
    """Say whether a cache key is an answer to *question*."""
    return key.rpartition("=")[0] == f"stance:{question}"  # not by its beginning: a question may be called q=1


def demographic_id(attribute: str) -> str:
    """Return the cache key id of `NAME=value`; a long value is cut and marked with a hash of all of it."""
    if len(attribute) > _LONGEST_ATTRIBUTE:
        digest = blake2b(attribute.encode(), digest_size=8).hexdigest()
        attribute = f"{attribute[:_LONGEST_ATTRIBUTE]} {digest}"
    return key_id("demographic", attribute)


def style_id(*, often: bool) -> str:
    """Return the cache key id of giving answers off the scale often, or rarely."""
    return key_id("style", "often" if often else "rarely")


def is_style(key: str) -> bool:
    """Say whether a cache key is about how often somebody gives answers off the scale."""
    return key in {style_id(often=True), style_id(often=False)}


def position_id() -> str:
    """Return the id by which a fact says that it is about all answers of a person together; no cache key has it."""
    return key_id("position", "all")


def is_computed(key: str) -> bool:
    """Say whether facts of a key state numbers: a pole of a trait, a habit, or all answers together."""
    return is_pole(key) or is_style(key) or key == position_id()


def pole_id(trait: int, *, positive: bool) -> str:
    """Return the cache key id of a pole of a latent trait, counted from 0."""
    return key_id("trait", f"{trait + 1}{'+' if positive else '-'}")


def is_pole(key: str) -> bool:
    """Say whether a cache key is a pole of a latent trait, and not one that a language model named."""
    return _POLE.fullmatch(key) is not None


def is_positive(pole: str) -> bool:
    """Say whether a pole is the positive one of its trait."""
    return pole.endswith("+")


def trait_of(pole: str) -> int:
    """Return the trait, counted from 0, of a pole's cache key id."""
    return int(pole.removeprefix("trait:")[:-1]) - 1


def opposite_pole(pole: str) -> str:
    """Return the cache key id of the other pole of the same trait."""
    return pole_id(trait_of(pole), positive=not is_positive(pole))


def summary_id(key: str, question: str) -> str:
    """Return the id of what a key's holders answered to a question."""
    return f"{key} -> {question}"
