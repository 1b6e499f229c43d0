"""Records of the graph as frozen pydantic models."""

from __future__ import annotations

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from persona_db.graph.names import OptionDirection, QuestionContent, QuestionKind, Sharing

__all__ = [
    "END_OF_TIME",
    "HistoryItem",
    "Model",
    "Person",
    "QuarantinedRow",
    "Question",
    "Said",
    "Sharing",
    "Withdrawal",
]

END_OF_TIME = "9999-12-31"
"""`retired_at` of valid nodes and relationships; `as_of` of a read of the present."""


class Model(BaseModel):
    """A frozen model that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(Model):
    """What a source says of somebody; where it was read is no part of it, and two that say the same are equal."""

    @cached_property
    def place(self) -> tuple[str, int]:
        """File and row that it was read from; nothing and 0 where that is not known."""
        return "", 0

    def read_at(self, source: str, row: int) -> Self:
        """Note where it was read."""
        self.__dict__["place"] = (source, row)  # where the property keeps it
        return self


class Question(Model):
    """A survey question, a roll call or a post, which users answer."""

    id: str = Field(min_length=1, max_length=512)
    text: str = Field(min_length=1, max_length=100_000)
    options: tuple[str, ...] = Field(default=(), description="The possible answers, in order; none for free text.")
    ordinal: tuple[float | None, ...] = Field(
        default=(), description="Place of each option on the scale; None off the scale; empty when not ordinal."
    )
    kind: QuestionKind = "survey"
    label: str = Field(default="", max_length=200, description="Short name, 2 to 6 words; empty when none was given.")
    stances: tuple[str, ...] = Field(
        default=(),
        description="What each option stands for, readable alone; an empty one is called `label: option`; none at all "
        "when none was given.",
    )
    directions: tuple[OptionDirection, ...] = Field(
        default=(),
        description="Where each option stands towards what is asked about, where the words of options do not tell; "
        "none at all when none was given.",
    )
    content: QuestionContent | None = Field(
        default=None, description="What is asked about: only opinions and behaviour become values. None: not known."
    )
    at: str = Field(default="", description="ISO 8601 date or UTC time of the question; empty when not known.")

    @model_validator(mode="after")
    def _lists_match_options(self) -> Question:
        if self.ordinal and len(self.ordinal) != len(self.options):
            raise ValueError(f"question {self.id!r}: {len(self.ordinal)} places for {len(self.options)} options")
        if self.stances and len(self.stances) != len(self.options):
            raise ValueError(f"question {self.id!r}: {len(self.stances)} stances for {len(self.options)} options")
        if self.directions and len(self.directions) != len(self.options):
            raise ValueError(f"question {self.id!r}: {len(self.directions)} directions for {len(self.options)} options")
        return self


class Person(Model):
    """A user with the description that a source gives."""

    id: str = Field(min_length=1, max_length=512)
    name: str = Field(default="", max_length=10_000)
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Demographics and roles, name -> value; they become cache keys."
    )
    weight: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="For how many people they stand in weighted shares."
    )


class HistoryItem(Said):
    """An answer of a user to a question (with `option`), or a free text of theirs."""

    id: str = Field(min_length=1, max_length=1024, description="Unique in the dataset; stored once.")
    user: str = Field(min_length=1, max_length=512)
    text: str = Field(min_length=1, max_length=100_000, description="The statement, readable by itself.")
    question: str | None = Field(default=None, description="Id of the question it answers.")
    option: int | None = Field(default=None, ge=0, description="Index into the question's options.")
    at: str = Field(default="", description="ISO 8601 date or UTC time; empty means known from the start.")


class Withdrawal(Said):
    """A source that no longer has an answer of a user, which it may have given before."""

    user: str = Field(min_length=1, max_length=512)
    question: str
    id: str | None = Field(default=None, description="The answer's own id among the user's items, where it had one.")
    at: str = ""


class QuarantinedRow(Model):
    """A row that was not stored, and why."""

    source: str
    row: int
    reason: str
    user: str = Field(default="", description="Id of the user whose row it is; empty where it names none.")
    contradicts: bool = Field(
        default=False,
        exclude=True,
        description="It says otherwise than what is stored; it is one, wherever it stands.",
    )
