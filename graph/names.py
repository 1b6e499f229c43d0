"""The fixed names of the graph and of its commands, so light that `--help` can import them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

__all__ = [
    "DemoData",
    "FactLayer",
    "Format",
    "Keep",
    "KeyKind",
    "LabelledBy",
    "Layer",
    "OptionDirection",
    "QuestionContent",
    "QuestionKind",
    "Sharing",
]

Layer = Literal["history", "distilled", "induced", "cache"]
"""A layer of a user: their history, the facts distilled and induced from it, and their cache keys."""

FactLayer = Literal["distilled", "induced"]
"""The layers that hold facts."""

KeyKind = Literal[
    "stance", "trait", "style", "value", "moral", "ideology", "topic", "issue", "entity", "role", "demographic"
]
"""What a cache key is about."""

QuestionKind = Literal["survey", "rollcall", "post"]

QuestionContent = Literal["opinion", "behaviour", "identity", "knowledge", "rating", "other"]
"""What a question is about; `rating` is somebody else's about the person, an interviewer's for example."""

OptionDirection = Literal["", "for", "against", "middle", "none"]
"""Where an option stands towards what its question is about; `none` expresses no stance, "" leaves it to its words."""

LabelledBy = Literal["source", "person", "model"]
"""Who gave a question its label; a later one of these is not put in the place of a person's."""

Keep = Literal["history", "all"]
"""Which answers of a source with a split are read."""


class Format(StrEnum):
    """The formats that `load` reads."""

    SENATE = "senate"
    OPINIONQA = "opinionqa"
    RFPN = "rfpn"
    POLIS = "polis"
    JSONL = "jsonl"
    TABLE = "table"


class DemoData(StrEnum):
    """The bundled data that `demo` runs on."""

    SENATE = "senate"
    BOWLING_GREEN = "bowling-green"


class Sharing(StrEnum):
    """What others may borrow from a user; each level includes those before it.

    `none`: nothing, and out of Fits and summaries too. `keys`: counted in key summaries only.
    """

    NONE = "none"
    KEYS = "keys"
    INDUCED = "induced"
    DISTILLED = "distilled"
    HISTORY = "history"

    @property
    def rank(self) -> int:
        """0 for `none` up to 4 for `history`: the queries compare ranks."""
        return list(Sharing).index(self)
