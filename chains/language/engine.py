"""The language-model engine: histories to facts and keys, a user at a time, many users at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.language.calls import Accounts, Call, StageName
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.persona import Persona, UserHistory
from persona_db.graph.errors import PersonaDBError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.graph.embedding import Embedder

__all__ = ["Estimate", "LanguageEngine", "QuarantinedAnswer", "Refined", "estimate", "refine_people"]


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
    persona: a stage failed as a whole after its repairs; the persona holds what did validate, and the user should
    be asked about again by the next run (what answered is in the cache and costs nothing).
    """

    user: str
    persona: Persona | None
    calls: tuple[Call, ...] = ()
    quarantined: tuple[QuarantinedAnswer, ...] = ()
    error: PersonaDBError | None = None
    complete: bool = True


class Estimate(Model):
    """What a refinement would cost; cached calls are counted apart and cost nothing."""

    users: int
    calls: int
    cached: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None = Field(description="None where no price is known.")


@dataclass(frozen=True)
class LanguageEngine:
    """Distils, induces and keys by a language model; an Engine as `chains.stages` has it."""

    model: LanguageModel
    embedder: Embedder | None = None

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    def distil(self, people: Sequence[UserHistory]) -> list[Persona]:
        """Distil each history into the facts it states, each with the items that state it."""
        raise NotImplementedError

    def induce(self, personas: Sequence[Persona]) -> list[Persona]:
        """Infer from history and distilled facts what others may share, each with the facts that show it."""
        raise NotImplementedError

    def key(self, personas: Sequence[Persona]) -> list[Persona]:
        """Turn induced facts and attributes into weighted cache keys; no call is made."""
        raise NotImplementedError


def refine_people(
    engine: LanguageEngine,
    histories: Iterable[UserHistory],
    *,
    accounts: Accounts | None = None,
    config: RunnableConfig | None = None,
) -> Iterator[Refined]:
    """Yield what comes of each user as they complete, in whatever order that is.

    After the budget is reached no further history is read; those that run are finished and yielded. ConfigError (a
    wrong key, a model there is not) is raised when those that run have been yielded.
    """
    raise NotImplementedError


def estimate(engine: LanguageEngine, histories: Iterable[UserHistory]) -> Estimate:
    """Return what refining these would take, without any call."""
    raise NotImplementedError
