"""What came of a user whom a language model refined."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from persona_db.chains.language.call import CallRecord, StageName
from persona_db.chains.persona import Persona
from persona_db.graph.errors import PersonaDBError
from persona_db.graph.models import Model

__all__ = ["QuarantinedAnswer", "Refined"]


class QuarantinedAnswer(Model):
    """Part of a model's answer, or all of it, that could not be used after the repairs allowed."""

    stage: StageName
    user: str
    reason: str
    raw: str = Field(description="What the model said.")


@dataclass(frozen=True)
class Refined:
    """What came of one user.

    `persona` None: nothing may be written, existing facts stay and the user stays waiting. `complete` False with a
    persona: part of its calls failed after their repairs; the persona holds what did validate, and the user should
    be asked about again by the next run (what answered is in the cache and costs nothing).
    """

    user: str
    persona: Persona | None
    calls: tuple[CallRecord, ...] = ()
    quarantined: tuple[QuarantinedAnswer, ...] = ()
    error: PersonaDBError | None = None
    complete: bool = True
