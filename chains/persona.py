"""What the stages pass on: a user's history, and the persona that is refined from it layer by layer."""

from __future__ import annotations

from pydantic import Field

from persona_db.graph.models import HistoryItem, Model
from persona_db.graph.names import FactLayer, KeyKind

__all__ = ["Fact", "HeldKey", "KeyKind", "Persona", "Support", "UserHistory"]


class UserHistory(Model):
    """The input of distil: one user's items, oldest first (ties by id), with their attributes."""

    user: str
    items: tuple[HistoryItem, ...] = ()
    attributes: tuple[str, ...] = Field(default=(), description="`NAME=value`, sorted.")
    version: int = Field(default=0, description="The user's version in the graph when this was read.")
    sharing_rank: int = 0


class Support(Model):
    """A history item or fact that supports another, and its share of all support."""

    id: str
    share: float


class Fact(Model):
    """A distilled or induced fact with the strongest of its supports."""

    id: str = Field(description="Changes when the fact's text, strength or support changes.")
    layer: FactLayer
    text: str
    supports: tuple[Support, ...] = Field(description="History items or facts, strongest first.")
    n_support: int = Field(description="How many support it in all.")
    strength: float = Field(description="0 to 1: how far it distinguishes the person.")
    key: str = Field(description="Id of the cache key it is evidence for.")
    inferred: bool = Field(default=False, description="Rests on other answers alone: the person did not say it.")
    question: str | None = None
    option: int | None = None
    at: str = ""


class HeldKey(Model):
    """A cache key that the user holds."""

    key: str
    kind: KeyKind
    name: str
    weight: float = Field(gt=0, le=1)
    inferred: bool = Field(default=False, description="Rests on other answers alone: the person did not say it.")
    evidence: tuple[Support, ...] = Field(default=(), description="Facts, strongest first; none for demographics.")
    at: str = ""


class Persona(Model):
    """A user's refined state: the layers, and the scores on the latent traits."""

    history: UserHistory
    distilled: tuple[Fact, ...] = ()
    induced: tuple[Fact, ...] = ()
    keys: tuple[HeldKey, ...] = ()
    traits: tuple[float, ...] = ()
    style: tuple[float, ...] = Field(default=(), description="Numbers of the response style; none where nothing is.")
    scores: tuple[float, ...] = Field(default=(), description="Scores of the item response; none where nothing is.")

    @property
    def user(self) -> str:
        return self.history.user

    @property
    def at(self) -> str:
        """The date of the newest item."""
        return max((item.at for item in self.history.items), default="")
