"""What goes into the graph and comes out of it, as frozen pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from persona_db.graph.names import QuestionKind, Sharing

__all__ = [
    "END_OF_TIME",
    "HistoryItem",
    "Model",
    "Person",
    "QuarantinedRow",
    "Question",
    "Sharing",
]

END_OF_TIME = "9999-12-31"
"""`retired_at` of what is still valid; `as_of` of a read that wants the present."""


class Model(BaseModel):
    """Frozen, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(Model):
    """What is being answered: a survey question, a roll call, a post."""

    id: str = Field(min_length=1, max_length=512)
    text: str = Field(min_length=1, max_length=100_000)
    options: tuple[str, ...] = Field(default=(), description="The possible answers, in order; none for free text.")
    ordinal: tuple[float | None, ...] = Field(
        default=(), description="Place of each option on the scale; None off the scale; empty when not ordinal."
    )
    kind: QuestionKind = "survey"
    at: str = Field(default="", description="ISO 8601 date or UTC time it was first asked; empty when not known.")

    @model_validator(mode="after")
    def _ordinal_matches_options(self) -> Question:
        if self.ordinal and len(self.ordinal) != len(self.options):
            raise ValueError(f"question {self.id!r}: {len(self.ordinal)} places for {len(self.options)} options")
        return self


class Person(Model):
    """A user as a source describes them."""

    id: str = Field(min_length=1, max_length=512)
    name: str = Field(default="", max_length=10_000)
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Demographics and roles, name -> value; they become cache keys."
    )


class HistoryItem(Model):
    """One thing a user said: an answer to a question (with `option`), or free text."""

    id: str = Field(min_length=1, max_length=1024, description="Unique in the dataset; stored once.")
    user: str = Field(min_length=1, max_length=512)
    text: str = Field(min_length=1, max_length=100_000, description="The statement, readable by itself.")
    question: str | None = Field(default=None, description="Id of the question it answers.")
    option: int | None = Field(default=None, ge=0, description="Index into the question's options.")
    at: str = Field(default="", description="ISO 8601 date or UTC time; empty means known from the start.")


class QuarantinedRow(Model):
    """A row that was not stored, and why."""

    source: str
    row: int
    reason: str
