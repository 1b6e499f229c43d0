"""The protocol of a source of histories, which is read record by record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from persona_db.graph.models import HistoryItem, Person, Question, Withdrawal
from persona_db.loaders.rows import Quarantine, composed, ignore
from persona_db.loaders.split import Part

__all__ = ["Counts", "HeldOut", "HeldOutPart", "Record", "Source", "test_answers"]

Record = Question | Person | HistoryItem | Withdrawal
HeldOutPart = Literal["test", "coldstart"]


@dataclass
class Counts:
    """Counts of answers that a reading skipped on purpose; quarantined rows are reported one by one instead."""

    refused: int = 0
    """Answers that are no opinion: 'Refused', not voting."""
    skipped_test: int = 0
    """Items held out for evaluation: marked `test` in the split, or a reply that is to be predicted."""
    not_in_split: int = 0
    """Answers that the split does not mention."""
    composed: set[str] = field(default_factory=set)
    """Ids of users that the source writes in another Unicode form than NFC, as they are stored."""

    def id(self, written: str) -> str:
        """Return a user's id in the form in which it is stored, and note where that is another than is *written*."""
        stored = composed(written)
        if stored != written:
            self.composed.add(stored)
        return stored

    def keeps(self, part: Part | None) -> bool:
        """Return whether an answer with that mark in the split is loaded; count it when it is not."""
        if part == "history":
            return True
        if part == "test":
            self.skipped_test += 1
        else:
            self.not_in_split += 1
        return False


class HeldOut(NamedTuple):
    """A held-out answer, which `evaluate` predicts."""

    user: str
    question: str
    option: int
    at: str = ""
    part: HeldOutPart = "test"
    """`coldstart` for answers of people without a history, where the source keeps them apart."""


class Source(Protocol):
    """A data set on disk that yields the records to load.

    Questions come before the items that answer them, people before their items.
    A Person without name and attributes only says that there is such a user.
    """

    name: str
    counts: Counts
    """Counts of the last `read`, complete once it is exhausted."""
    notes: tuple[str, ...] = ()
    """What the source found out about itself or guessed; the report says it."""

    def know(self, questions: Iterable[Question]) -> None:  # noqa: ARG002 - for those who override it
        """Let items answer these questions too, which the dataset already has; most sources bring all their own."""
        return

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield the records to load; LoadError before the first one when the source cannot be read at all."""
        ...

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:
        """Yield the answers that `read` holds out; they are never among its records."""
        ...


def test_answers(source: Source, quarantine: Quarantine = ignore) -> list[HeldOut]:  # noqa: PT028 - no test, in spite of its name
    """Return the held-out answers of the source, in the order of its files."""
    return list(source.test_answers(quarantine))


test_answers.__test__ = False  # type: ignore[attr-defined]  # its name is not a test's
