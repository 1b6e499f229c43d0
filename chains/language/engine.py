"""The language-model engine: histories to facts and keys, a user at a time, many users at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from persona_db.chains.language.call import Budget, StageName
from persona_db.chains.language.facts_and_keys import DEFAULT_SUPPORTS, Ideologies
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.persona import Persona, UserHistory
from persona_db.graph.errors import ModelAnswerError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.language.call import CallContext
    from persona_db.chains.language.distil_induce import Step
    from persona_db.graph.embedding import Embedder

__all__ = ["LanguageEngine"]

Given = TypeVar("Given", UserHistory, Persona)


@dataclass(frozen=True)
class LanguageEngine:
    """Distils, induces and keys by a language model; an Engine as `chains.stages` has it.

    *embedder* finds ideologies of the vocabulary by meaning; without one, by name alone.
    """

    model: LanguageModel
    embedder: Embedder | None = None
    budget: Budget | None = None
    supports: int = DEFAULT_SUPPORTS
    """Provenance edges kept for a fact or key: the Fit's setting of that name."""

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @cached_property
    def ideologies(self) -> Ideologies:
        """What ideologies are called."""
        return Ideologies(self.embedder)

    def distil(self, people: Sequence[UserHistory], *, config: RunnableConfig | None = None) -> list[Persona]:
        """Distil each history into the facts it states, each with the items that state it.

        ModelAnswerError when nothing of an answer can be used.
        """
        from persona_db.chains.language.distil_induce import distil

        def step(history: UserHistory, call_context: CallContext) -> Step:
            return distil(self.model, history, call_context, supports=self.supports)

        return self._each(people, step, "distil", config)

    def induce(self, personas: Sequence[Persona], *, config: RunnableConfig | None = None) -> list[Persona]:
        """Infer from history and distilled facts what others may share, each with the facts that show it.

        ModelAnswerError when nothing of an answer can be used.
        """
        from persona_db.chains.language.distil_induce import induce

        def step(persona: Persona, call_context: CallContext) -> Step:
            return induce(self.model, persona, call_context, ideologies=self.ideologies, supports=self.supports)

        return self._each(personas, step, "induce", config)

    def key(self, personas: Sequence[Persona]) -> list[Persona]:
        """Turn induced facts and attributes into weighted cache keys; no call is made."""
        from persona_db.chains.language.facts_and_keys import held_keys

        return [persona.model_copy(update={"keys": held_keys(persona, supports=self.supports)}) for persona in personas]

    def _each(
        self,
        given: Sequence[Given],
        step: Callable[[Given, CallContext], Step],
        stage: StageName,
        config: RunnableConfig | None,
    ) -> list[Persona]:
        from langchain_core.runnables.config import ContextThreadPoolExecutor

        from persona_db.chains.language.call import CallContext

        def one(thing: Given) -> Persona:
            made = step(thing, CallContext(stage, thing.user, self.budget, config))
            if made.failed:
                raise ModelAnswerError(
                    f"{self.name} gave no answer to {stage} {thing.user!r}: {made.problems[-1].reason}"
                )
            return made.persona

        with ContextThreadPoolExecutor(max_workers=self.model.settings.concurrency) as pool:
            return list(pool.map(one, given))
