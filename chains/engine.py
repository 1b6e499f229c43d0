"""The protocol that both engines implement: what refines people, and predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from persona_db.chains.persona import Persona, UserHistory

__all__ = ["Engine"]


class Engine(Protocol):
    """What refines people: the statistical engine, or a language model behind the same methods.

    Each method returns one result a person, in the order given.
    """

    name: str

    def distil(self, people: Sequence[UserHistory]) -> list[Persona]: ...
    def induce(self, personas: Sequence[Persona]) -> list[Persona]: ...
    def key(self, personas: Sequence[Persona]) -> list[Persona]: ...
