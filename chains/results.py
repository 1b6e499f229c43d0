"""What readers get: collaborators, recalled items, predictions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from persona_db.graph.ids import is_style
from persona_db.graph.models import Model, Question
from persona_db.graph.names import Layer

__all__ = ["Collaborator", "Context", "Evidence", "Prediction", "Recalled", "Said", "SharedKey", "tells_style"]

Said = Literal["answered", "unknown", "outside", "refused", "empty", "invalid"]
"""The outcome of a prediction: one of the options, or that it cannot be told; of asking a model also another answer, a
refusal, nothing, or something unreadable."""


class SharedKey(Model):
    """A cache key that raised (or, when opposed, lowered) a collaborator's score."""

    key: str
    kind: str
    name: str
    own_weight: float
    their_weight: float
    inferred: bool = Field(default=False, description="One of the two did not say it: it rests on other answers.")
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
    layer: Layer
    text: str
    user: str | None = Field(default=None, description="Whose item it is; None for a key summary.")
    question: str | None = None
    option: int | None = None
    counts: tuple[int, ...] = Field(default=(), description="Of a key summary: answers by option, rounded.")
    shares: tuple[int, ...] = Field(default=(), description="Of a key summary: per cent by option, in steps of five.")
    chances: tuple[float, ...] = Field(
        default=(), description="Of all the user's answers together: the probability that they give each option."
    )
    holders: int = Field(default=0, description="Of a key summary: how many holders answered, rounded.")
    key: str | None = Field(default=None, description="The shared key that brought it here.")
    score: float = Field(description="Relevance to the question; higher is better.")
    value: float | None = Field(
        default=None,
        description="The observed value, standardised; for a collaborator's answer its residual: the answer minus its "
        "prediction from their other answers. None for an item off every scale.",
    )
    at: str = ""


def tells_style(item: Recalled) -> bool:
    """Say whether an item is the fact of how often the user answers off the scale."""
    return item.source == "own" and item.layer == "induced" and item.key is not None and is_style(item.key)


class Evidence(Model):
    """The effect of one recalled item on a prediction."""

    id: str
    source: Literal["own", "collaborator", "summary"]
    text: str
    says: str = Field(default="", description="The same in a few words: an answer or key by its name.")
    weight: float = Field(
        description="Signed push on the expected value on the scale, standardised; 0 where only answers off it move."
    )
    points: float = Field(
        default=0.0, description="Percentage points that it adds to the winning side; negative: it speaks against it."
    )

    @property
    def shown(self) -> str:
        """What a reader is shown: a summary whole, anything else in few words where there are some."""
        return self.text if self.source == "summary" else self.says or self.text


class Context(Model):
    """What was recalled to predict one user's answer to one question."""

    user: str
    question: Question
    items: tuple[Recalled, ...]
    size: int = Field(description="Slots in all (retrieval size r).")
    borrowed: int = Field(description="Slots that borrowed items took.")
    ratio: float | None = Field(default=None, description="Share of the slots for borrowed items (ratio x).")
    decided: str = Field(
        default="", description="Reason for the ratio: the measured JOIN gain. Empty for a ratio that was given."
    )
    alike: tuple[int, ...] = Field(
        default=(), description="Of the closest collaborators who answered the question, how many chose each option."
    )
    note: str = Field(default="", description="What there is to say of the items: that nothing is near a topic.")
    given: int | None = Field(default=None, description="The option that the user chose; it is none of the items.")
    given_at: str = ""


class Prediction(Model):
    """A distribution over the options, with its evidence."""

    user: str
    question: str
    options: tuple[str, ...]
    probabilities: tuple[float, ...]
    answer: str = Field(description="One of `options`; empty unless `outcome` is answered.")
    confidence: float = Field(description="Probability of `answer`.")
    outcome: Said = Field(
        default="answered",
        description="One of the options, or `unknown`: nobody was asked the question, and no known one is near enough. "
        "Of asking a model also another answer, a refusal, nothing, or something unreadable. Without an answer "
        "`probabilities` are empty.",
    )
    comment: str = Field(default="", description="For a reaction to a post: what the user would write.")
    explanation: str
    evidence: tuple[Evidence, ...]
    recalled: int = Field(default=0, description="Items that the engine could read.")
    borrowed: int = Field(default=0, description="How many of them were borrowed.")
    ratio: float | None = Field(default=None, description="Share of the slots for borrowed items (ratio x).")
    decided: str = Field(
        default="", description="Reason for the ratio: the measured JOIN gain. Empty for a ratio that was given."
    )
    given: str = Field(default="", description="What the user answered; the prediction is made without it.")
    given_at: str = ""
    fit: str
    engine: str
