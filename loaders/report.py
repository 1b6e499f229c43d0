"""What a load did, as it is printed and returned."""

from __future__ import annotations

from pydantic import Field

from persona_db.graph.models import Model, QuarantinedRow

__all__ = ["SHOWN", "LoadReport"]

SHOWN = 10
"""Quarantined rows, contradictions and groups of ids that the report holds; all rows are in the graph."""


class LoadReport(Model):
    """What a load read, how much of it was new, and what was not loaded."""

    dataset: str
    source: str = Field(description="The format read.")
    questions: int = Field(description="Questions read.")
    scales_changed: int = Field(description="Stored questions whose options have other places on the scale now.")
    users: int = Field(description="Users read.")
    users_changed: int = Field(description="Stored users who are described otherwise now.")
    items_read: int
    items_new: int = Field(description="Items that the dataset did not have.")
    items_replaced: int = Field(description="Stored items in whose place others came, or that were withdrawn.")
    items_renamed: int = Field(
        description="Answers stored under an id of their own, because theirs is that of an answer to another question."
    )
    contradicting: int = Field(
        description="Items not stored, because another one that is stored says otherwise; each is in quarantine."
    )
    statements_new: int = Field(description="Distinct texts that had no vector yet.")
    refused: int = Field(description="Answers that are no opinion: refusals, no answer, no vote.")
    skipped_test: int = Field(description="Items held out to be predicted.")
    not_in_split: int = Field(description="Answers that the split does not mention.")
    quarantined: int = Field(description="Rows that cannot be stored; each is kept with its reason.")
    first_quarantined: tuple[QuarantinedRow, ...] = Field(description="The first of them.")
    composed: tuple[str, ...] = Field(description="The first ids stored in another Unicode form (NFC) than written.")
    alike: tuple[tuple[str, ...], ...] = Field(description="The first groups of user ids that look alike.")
    alike_groups: int = Field(description="How many such groups there are.")
    notes: tuple[str, ...] = Field(description="What the source says of how it was read.")
    empty: bool = Field(description="Nobody's item and no user was stored, though something was given.")
    seconds: float
    where: str = Field(description="Where the quarantined rows are to be seen, as a Cypher pattern.")
