"""What became of a batch of records that was to be stored."""

from __future__ import annotations

from pydantic import Field

from persona_db.graph.contradictions import Contradiction
from persona_db.graph.models import Model

__all__ = ["Rejected", "Stored"]


class Rejected(Model):
    """One record that was not stored, and why."""

    id: str
    reason: str
    user: str = ""
    place: tuple[str, int] = Field(default=("", 0), description="File and row that it was read from.")


class Stored(Model):
    """Counts of a batch; created, changed, known, rejected and contradicting add up to its size."""

    created: int = 0
    changed: int = Field(default=0, description="Were there and are different now.")
    known: int = Field(default=0, description="Were there and stay as they were, or came twice in the batch.")
    rejected: tuple[Rejected, ...] = ()
    contradicting: tuple[Contradiction, ...] = Field(
        default=(), description="Not stored, because another item that is stored says otherwise."
    )
    settled: tuple[Contradiction, ...] = Field(
        default=(), description="Of the changed ones, what they contradicted and took the place of."
    )
    unsaid: tuple[str, ...] = Field(default=(), description="Texts that nobody in the dataset says any more.")
    renamed: int = Field(
        default=0, description="Of the items, those whose id is that of an answer to another question."
    )

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            created=self.created + other.created,
            changed=self.changed + other.changed,
            known=self.known + other.known,
            rejected=self.rejected + other.rejected,
            contradicting=self.contradicting + other.contradicting,
            settled=self.settled + other.settled,
            unsaid=self.unsaid + other.unsaid,
            renamed=self.renamed + other.renamed,
        )
