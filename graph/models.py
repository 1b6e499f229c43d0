"""What goes into the graph and comes out of it, as frozen pydantic models."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "END_OF_TIME",
    "Collaborator",
    "Context",
    "Evidence",
    "HistoryItem",
    "Model",
    "Person",
    "Prediction",
    "QuarantinedRow",
    "Question",
    "Recalled",
    "Said",
    "SharedKey",
    "Sharing",
]

END_OF_TIME = "9999-12-31"
"""`retired_at` of what is still valid; `as_of` of a read that wants the present."""

Said = Literal["answered", "outside", "refused", "empty", "invalid"]
"""What a model said when it was asked: one of the options, something else, a refusal, nothing, nothing to be read."""


class Model(BaseModel):
    """Frozen, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        """0 for `none` up to 4 for `history`: what the queries compare."""
        return list(Sharing).index(self)


class Question(Model):
    """What is being answered: a survey question, a roll call, a post."""

    id: str = Field(min_length=1, max_length=512)
    text: str = Field(min_length=1, max_length=100_000)
    options: tuple[str, ...] = Field(default=(), description="The possible answers, in order; none for free text.")
    ordinal: tuple[float | None, ...] = Field(
        default=(), description="Place of each option on the scale; None off the scale; empty when not ordinal."
    )
    kind: Literal["survey", "rollcall", "post"] = "survey"
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


class SharedKey(Model):
    """A cache key that made (or, when opposed, lowered) a collaborator's score."""

    key: str
    kind: str
    name: str
    own_weight: float
    their_weight: float
    contribution: float = Field(description="What it adds to the score; negative for opposed keys.")


class Collaborator(Model):
    """Someone who shares cache keys with a user, best first in a TopK."""

    user: str
    name: str = ""
    score: float
    shared: tuple[SharedKey, ...] = ()
    opposed: tuple[SharedKey, ...] = ()


class Recalled(Model):
    """One of the r items recalled for a question."""

    id: str
    source: Literal["own", "collaborator", "summary"]
    layer: Literal["history", "distilled", "induced", "cache"]
    text: str
    user: str | None = Field(default=None, description="Whose item it is; None for a key summary.")
    question: str | None = None
    option: int | None = None
    counts: tuple[int, ...] = Field(default=(), description="Of a key summary: answers by option, rounded.")
    key: str | None = Field(default=None, description="The shared key that brought it here.")
    score: float = Field(description="How much it tells about the question; higher is better.")
    value: float | None = Field(
        default=None,
        description="What was observed, standardised; of a collaborator's answer, how far it is from what their "
        "other answers lead one to expect. None for what has no place on a scale.",
    )
    at: str = ""


class Evidence(Model):
    """What one recalled item did to a prediction."""

    id: str
    source: Literal["own", "collaborator", "summary"]
    text: str
    weight: float = Field(description="Signed push on the expected place on the scale, standardised.")


class Context(Model):
    """What was recalled for one question to one user: what a prediction rests on."""

    user: str
    question: Question
    items: tuple[Recalled, ...]
    size: int = Field(description="Places there were (retrieval size r).")
    borrowed: int = Field(description="Places that borrowed items took.")
    ratio: float | None = Field(default=None, description="Share of the places for borrowed items (ratio x).")
    decided: str = Field(default="", description="Why so many: what the JOIN was worth. Empty where it was given.")


class Prediction(Model):
    """A distribution over the options, with what it rests on."""

    user: str
    question: str
    options: tuple[str, ...]
    probabilities: tuple[float, ...]
    answer: str = Field(description="One of `options`; empty unless `outcome` is answered.")
    confidence: float = Field(description="Probability of `answer`.")
    outcome: Said = Field(
        default="answered",
        description="What a model answered with: one of the options, something else, a refusal, nothing, or what "
        "cannot be read. Without an answer `probabilities` are empty.",
    )
    comment: str = Field(default="", description="Of a reaction to a post: what the user would write.")
    explanation: str
    evidence: tuple[Evidence, ...]
    recalled: int = Field(default=0, description="Items it could read.")
    borrowed: int = Field(default=0, description="How many of them were borrowed.")
    ratio: float | None = Field(default=None, description="Share of the places for borrowed items (ratio x).")
    decided: str = Field(default="", description="Why so many: what the JOIN was worth. Empty where it was given.")
    fit: str
    engine: str
