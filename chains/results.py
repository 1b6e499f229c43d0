"""What reads return: collaborators, what was recalled, predictions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from persona_db.graph.models import Model, Question

__all__ = ["Collaborator", "Context", "Evidence", "Prediction", "Recalled", "Said", "SharedKey"]

Said = Literal["answered", "outside", "refused", "empty", "invalid"]
"""What a model said when it was asked: one of the options, something else, a refusal, nothing, nothing to be read."""


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
