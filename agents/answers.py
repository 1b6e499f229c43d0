"""What the tools answer: small models, whose JSON schemas a client checks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from persona_db.chains.profile import Profile
from persona_db.graph.models import Model

__all__ = [
    "Chance",
    "Forgotten",
    "Known",
    "Line",
    "Lines",
    "Predicted",
    "Remembered",
    "WhoIs",
    "Whose",
    "WhyAnswered",
]  # fmt: skip

Whose = Literal["own", "others"]
"""Whether a line is the person's own, or of other people."""


class Known(Model):
    """Somebody who is there."""

    user: str
    name: str


class WhoIs(Model):
    """A person, or those who may be meant."""

    profile: Profile | None = Field(default=None, description="The person; null where several may be meant.")
    near: tuple[Known, ...] = Field(default=(), description="Who may be meant, best first.")


class Chance(Model):
    """An option of a question and how likely it is."""

    option: str
    probability: float


class Predicted(Model):
    """How a person would answer."""

    user: str
    question: str = Field(description="Id of the question.")
    outcome: str = Field(description="`answered`, or `unknown`: it cannot be told, and there is no answer.")
    answer: str = Field(description="The likeliest option; empty where it cannot be told.")
    options: tuple[Chance, ...] = Field(description="In the order of the question.")
    given: str = Field(description="What they answered themselves; the prediction is made without it.")
    explanation: tuple[str, ...] = Field(description="Three lines: what they said, people like them, how sure.")


class Line(Model):
    """One thing that was said, or is known."""

    whose: Whose
    text: str
    points: float = Field(default=0.0, description="Of a reason: percentage points for the answer; negative: against.")
    at: str = Field(default="", description="When it was said, where that is known.")
    item: str = Field(default="", description="Of what the person said: its id, by which it can be forgotten.")


class Lines(Model):
    """What was said near a topic: own lines first, each side the nearest first."""

    user: str
    lines: tuple[Line, ...]
    note: str = Field(default="", description="What there is to say of them: that nothing is near, for one.")


class WhyAnswered(Model):
    """Why a person would answer so."""

    user: str
    question: str
    answer: str
    given: str
    explanation: tuple[str, ...]
    reasons: tuple[Line, ...] = Field(description="What moved the prediction, strongest first.")


class Remembered(Model):
    """What was stored of what a person said."""

    user: str
    item: str = Field(description="Its id, by which it can be forgotten.")
    counts: bool = Field(description="Facts are made of it too; false where that waits for a refinement.")


class Forgotten(Model):
    """What was removed."""

    user: str
    items: int
    facts: int
    note: str
