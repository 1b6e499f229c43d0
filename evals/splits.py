"""What is held out: it is read through a source's split, or drawn from votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import numpy as np

from persona_db.evals.items import TestItem
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import HistoryItem
from persona_db.loaders.polis import PolisSource
from persona_db.loaders.rows import Quarantine, ignore
from persona_db.loaders.senate import SenateSource
from persona_db.loaders.source import Source
from persona_db.loaders.split import Part

__all__ = ["SHARE", "VOTES", "Cast", "HeldOutPart", "answered_split", "contested_split", "items_to_predict"]


VOTES: Mapping[str, type[SenateSource] | type[PolisSource]] = {"senate": SenateSource, "polis": PolisSource}
"""The formats of votes, of which a split can be drawn."""

SHARE = 0.1
"""The part of answers, or of contested votes, that a drawn split holds out unless another is asked for."""

HeldOutPart = Literal["test", "coldstart", "all"]
"""The part of the held-out answers that is predicted: the test, people without a history, or both."""


def items_to_predict(source: Source, quarantine: Quarantine = ignore, *, part: HeldOutPart = "test") -> list[TestItem]:
    """Return what the source holds out as *part*, in the order of its files; ConfigError when there is nothing."""
    held_out = list(source.test_answers(quarantine))
    found = [
        TestItem(user=held.user, question=held.question, option=held.option)
        for held in held_out
        if part in ("all", held.part)
    ]
    if held_out and not found:
        others = Counter(held.part for held in held_out)
        has = " and ".join(f"{count:,} with --held-out {name}" for name, count in others.items())
        raise ConfigError(f"{source.name} holds nothing out as {part}; there are {has}")
    if not found:
        raise ConfigError(
            f"{source.name} holds nothing out to be predicted; give --split FILE with user, question and "
            "history or test"
        )
    return found


def answered_split(source: Source, *, seed: int, share: float = SHARE) -> list[tuple[str, str, Part]]:
    """Return every question that a person of *source* answered, a random *share* of them marked `test`, one at least.

    Who answered a question twice has both answers in one part.
    """
    answered = list(
        dict.fromkeys(
            (record.user, record.question)
            for record in source.read(ignore)
            if isinstance(record, HistoryItem) and record.question is not None and record.option is not None
        )
    )
    count = max(1, round(share * len(answered)))
    held_out = set(np.random.default_rng(seed).permutation(len(answered))[:count].tolist())
    return [(user, question, "test" if at in held_out else "history") for at, (user, question) in enumerate(answered)]


class Cast(Protocol):
    """A vote, of a senator or in a conversation."""

    @property
    def user(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def option(self) -> int: ...


def contested_split(
    votes: Iterable[Cast], *, seed: int, share: float = SHARE, low: float = 0.1, high: float = 0.9
) -> list[tuple[str, str, Part]]:
    """Return every vote marked `history`, except for a random *share* of votes on contested questions, marked `test`.

    A question is contested when *low* to *high* of all votes are for its last option (Yea, agree). This count
    includes the held-out votes: it decides which questions are asked, and no predictor learns it.
    """
    if not (0 < share < 1 and 0 <= low < high <= 1):
        raise ConfigError(f"a split needs a share between 0 and 1 and low < high, not {share}, {low}, {high}")
    cast = list(votes)
    asked = Counter(vote.question for vote in cast)
    last = max((vote.option for vote in cast), default=0)
    yeas = Counter(vote.question for vote in cast if vote.option == last)
    contested = [index for index, vote in enumerate(cast) if low <= yeas[vote.question] / asked[vote.question] <= high]
    drawn = np.random.default_rng(seed).permutation(contested)[: round(share * len(contested))]
    held_out = set(drawn.tolist())
    return [(vote.user, vote.question, "test" if index in held_out else "history") for index, vote in enumerate(cast)]
