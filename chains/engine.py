"""The protocol of an engine, which refines people and predicts from what is recalled, and what it hands back.

Two engines implement it: `statistical.engine.StatisticalEngine` and `language.engine.LanguageEngine`. Whoever has the
name of a model, or none, gets the right one from `engines.engine_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import Field

from persona_db.chains.calls import CallRecord, StageName
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.results import Context, Prediction
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.fit.correlations import CorrelationModel
    from persona_db.chains.fit.learn import Learned
    from persona_db.chains.fit.lexicon import Lexicon
    from persona_db.chains.fit.settings import EngineSettings
    from persona_db.graph.errors import PersonaDBError

__all__ = ["Batch", "CostEstimate", "Engine", "Predicted", "QuarantinedAnswer", "Refined", "Refiner", "Usage"]

Batch = Callable[[list[UserHistory]], list[Persona]]
"""The stages distil, induce and key, one after the other, for a batch of people."""


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


class Predicted(NamedTuple):
    """A prediction and the calls of a model that it took."""

    prediction: Prediction
    calls: tuple[CallRecord, ...] = ()


class CostEstimate(Model):
    """What a refinement would cost; cached calls are counted apart and cost nothing."""

    users: int
    calls: int = Field(default=0, description="To be paid, with the repairs that are usual.")
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = Field(default=0.0, description="None where no price is known.")


class Usage(NamedTuple):
    """The calls of a model so far, and what they cost; `cost_usd` is None where no price is known."""

    calls: int = 0
    cached: int = 0
    repairs: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0


class Engine(Protocol):
    """What refines people and predicts: each stage returns one result a person or context, in the order given.

    *configs* are those of the LangChain runs that each input belongs to; an engine that makes calls passes them on, and
    makes at most `max_concurrency` of them at once.
    """

    @property
    def name(self) -> str:
        """`statistical`, or the language model's name."""

    def distil(
        self, people: Sequence[UserHistory], *, configs: Sequence[RunnableConfig] | None = None
    ) -> list[Persona]:
        """Distil each history into the facts that it states."""

    def induce(self, personas: Sequence[Persona], *, configs: Sequence[RunnableConfig] | None = None) -> list[Persona]:
        """Infer more abstract facts from history and distilled facts."""

    def key(self, personas: Sequence[Persona], *, configs: Sequence[RunnableConfig] | None = None) -> list[Persona]:
        """Turn facts and attributes into weighted cache keys."""

    @property
    def reads_texts(self) -> bool:
        """Whether it predicts from the texts of what is recalled, and not from its variables alone."""

    @property
    def contexts_at_once(self) -> int:
        """How many contexts are recalled at once, for it to predict from."""

    def predict(
        self,
        correlations: CorrelationModel,
        contexts: Sequence[Context],
        *,
        explain: bool = True,
        configs: Sequence[RunnableConfig] | None = None,
    ) -> list[Predicted]:
        """Predict from each context. Without *explain* an engine that can do so leaves out explanation and evidence."""


class Refiner(Engine, Protocol):
    """An engine as the refinement of a dataset needs it."""

    @property
    def identity(self) -> str | None:
        """What results depend on beside histories and settings of the Fit, as JSON; None for nothing."""

    @property
    def finds_keys(self) -> bool:
        """Whether cache keys come up while users are refined, so that their weights are settled when all are there."""

    @property
    def reads_vectors(self) -> bool:
        """Whether it matches free text by its vectors."""

    @property
    def model_settings(self) -> dict[str, Any] | None:
        """How a language model is asked; None for an engine without one."""

    @property
    def usage(self) -> Usage:
        """The calls so far."""

    def under(self, settings: EngineSettings) -> Refiner:
        """Return the engine as the settings of a Fit have it."""

    def on(self, learned: Learned, *, lexicon: Lexicon | None) -> Refiner:
        """Return the engine on a Fit; *lexicon* is what free text is matched with."""

    def refine_users(self, batches: Iterable[list[UserHistory]], *, stages: Batch) -> Iterator[list[Refined]]:
        """Yield what comes of users as they complete, those together that are to be written together.

        *stages* is the chain of the three stages, for an engine that works batch by batch.
        """

    def estimate(self, histories: Iterable[UserHistory]) -> CostEstimate:
        """Return what refining these would cost; no call is made."""

    def recorded(self, calls: Iterable[CallRecord]) -> None:
        """Note that these calls are in the ledger."""
