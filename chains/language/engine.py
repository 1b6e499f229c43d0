"""The language-model engine: distil, induce, key and predict by any chat model, many people at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables.config import ContextThreadPoolExecutor

from persona_db.chains.calls import CallRecord, StageName, runs_of
from persona_db.chains.engine import Batch, CostEstimate, Predicted, Refined, Usage
from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.distil_induce import Step, distil, induce
from persona_db.chains.language.dry_run import estimate
from persona_db.chains.language.facts_and_keys import DEFAULT_SUPPORTS, Ideologies, held_keys
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.predict import PredictOptions, predict_as_completed
from persona_db.chains.language.prompts import prompt_file
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.results import Context
from persona_db.graph.errors import ModelAnswerError
from persona_db.graph.ledger import now, store_runs

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.fit.correlations import CorrelationModel
    from persona_db.chains.fit.learn import Learned
    from persona_db.chains.fit.lexicon import Lexicon
    from persona_db.chains.fit.settings import EngineSettings
    from persona_db.graph.embedding import Embedder

__all__ = ["LanguageEngine"]

Given = TypeVar("Given", UserHistory, Persona)

_WRITTEN_AT_ONCE = 20
_SECONDS_HELD = 1.0
"""How long a user who is refined waits for others to be written with."""
_PROMPTS = ("distil", "induce", "repair")
_SHAPES_ANSWERS = frozenset({"temperature", "seed", "max_tokens_out", "context_tokens", "method"})
"""Settings on which answers depend; the others say how they are asked for."""
_OF_CHAT_MODELS = ("model_name", "model", "temperature", "seed")


@dataclass(frozen=True)
class LanguageEngine:
    """Distils, induces, keys and predicts by a language model.

    *embedder* finds ideologies of the vocabulary by meaning; without one, by name alone. *budget* bounds the cost of
    all that it does.
    """

    model: LanguageModel
    embedder: Embedder | None = None
    budget: Budget | None = None
    options: PredictOptions = field(default_factory=PredictOptions)
    supports: int = DEFAULT_SUPPORTS
    """Provenance edges kept for a fact or key: the Fit's setting of that name."""

    finds_keys = True
    reads_vectors = False
    reads_texts = True
    contexts_at_once = 200

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @cached_property
    def ideologies(self) -> Ideologies:
        """What ideologies are called."""
        return Ideologies(self.embedder)

    @property
    def model_settings(self) -> dict[str, Any]:
        """How the model is asked, and what its provider was found to refuse."""
        settings = self.model.settings.model_dump(mode="json")
        asked = {name: None if name in self.model.refused else value for name, value in settings.items()}
        return asked | ({"refused": sorted(self.model.refused)} if self.model.refused else {})

    @cached_property
    def identity(self) -> str:
        """Settings, chat model and prompts that answers depend on, as JSON.

        The name of a chat model that was passed in is that of its class, and it carries its own settings; of a class of
        somebody's own they are the fields that it adds.
        """
        settings = self.model.settings.model_dump(mode="json", include=set(_SHAPES_ANSWERS))
        if self.model.settings.reasoning is not None:
            settings["reasoning"] = self.model.settings.reasoning
        prompts = {name: prompt_file(name).hash for name in _PROMPTS}
        kind = type(self.model.chat)
        added = () if kind.__module__.startswith("langchain") else kind.model_fields.keys() - BaseChatModel.model_fields
        own = {name: getattr(self.model.chat, name, None) for name in (*_OF_CHAT_MODELS, *sorted(added))}
        chat = {name: value for name, value in own.items() if isinstance(value, str | int | float)}
        return json.dumps({"settings": settings, "chat": chat, "prompts": prompts})

    @property
    def usage(self) -> Usage:
        """The calls on the engine's budget, which may have been used by others before."""
        budget = self.budget or Budget()
        cost = budget.cost_usd if self.model.price is not None or not budget.calls else None
        return Usage(budget.calls, budget.cached, budget.repairs, budget.tokens_in, budget.tokens_out, cost)

    def under(self, settings: EngineSettings) -> LanguageEngine:
        """Return the engine as the settings of a Fit have it."""
        return replace(self, supports=settings.supports)

    def on(self, learned: Learned, *, lexicon: Lexicon | None) -> LanguageEngine:  # noqa: ARG002 (the protocol's)
        """Return the engine itself: nothing of a Fit goes into its prompts."""
        return self

    def distil(
        self, people: Sequence[UserHistory], *, configs: Sequence[RunnableConfig] | None = None
    ) -> list[Persona]:
        """Distil each history into the facts it states, each with the items that state it.

        ModelAnswerError when nothing of an answer can be used.
        """

        def step(history: UserHistory, context: CallContext) -> Step:
            return distil(self.model, history, context, supports=self.supports)

        return self._each(people, step, "distil", configs)

    def induce(self, personas: Sequence[Persona], *, configs: Sequence[RunnableConfig] | None = None) -> list[Persona]:
        """Infer from history and distilled facts what others may share, each with the facts that show it.

        ModelAnswerError when nothing of an answer can be used.
        """

        def step(persona: Persona, context: CallContext) -> Step:
            return induce(self.model, persona, context, ideologies=self.ideologies, supports=self.supports)

        return self._each(personas, step, "induce", configs)

    def key(
        self,
        personas: Sequence[Persona],
        *,
        configs: Sequence[RunnableConfig] | None = None,  # noqa: ARG002 (the protocol's)
    ) -> list[Persona]:
        """Turn induced facts and attributes into weighted cache keys; no call is made."""
        return [persona.model_copy(update={"keys": held_keys(persona, supports=self.supports)}) for persona in personas]

    def predict(
        self,
        correlations: CorrelationModel,
        contexts: Sequence[Context],
        *,
        explain: bool = True,  # noqa: ARG002 (a model explains anyway)
        configs: Sequence[RunnableConfig] | None = None,
    ) -> list[Predicted]:
        """Predict from each context, in their order, and put the calls on record.

        BudgetError when the budget is reached; what was answered by then is in the cache.
        """
        snapshot = correlations.snapshot
        made: dict[int, Predicted] = {}
        unfinished: list[CallRecord] = []
        try:
            for index, one in predict_as_completed(
                self.model,
                contexts,
                budget=self.budget or Budget(),
                token_budget=self.options.token_budget,
                history=self.options.history,
                configs=configs,
                at_once=self._at_once(configs),
                unfinished=unfinished,
            ):
                fitted = one.prediction.model_copy(update={"fit": snapshot.fit})
                made[index] = Predicted(fitted, one.calls)
        finally:
            calls = [*(call for one in made.values() for call in one.calls), *unfinished]
            store_runs(snapshot.graph, snapshot.dataset, runs_of(calls, fit=snapshot.fit, at=now()))
            self.recorded(calls)
        return [made[index] for index in range(len(contexts))]

    def refine_users(
        self,
        batches: Iterable[list[UserHistory]],
        *,
        stages: Batch,  # noqa: ARG002 (calls are scheduled user by user)
    ) -> Iterator[list[Refined]]:
        """Yield users as the calls for them are answered: twenty together, or fewer after a second."""
        histories = (history for batch in batches for history in batch)
        held: list[Refined] = []
        yielded = monotonic()
        for refined in refine_people(self, histories, budget=self.budget):
            held.append(refined)
            if len(held) >= _WRITTEN_AT_ONCE or monotonic() - yielded >= _SECONDS_HELD:
                yield held
                held, yielded = [], monotonic()
        if held:
            yield held

    def estimate(self, histories: Iterable[UserHistory]) -> CostEstimate:
        """Return what refining these would cost, by a dry run with the cache."""
        return estimate(self, histories)

    def recorded(self, calls: Iterable[CallRecord]) -> None:
        """Note in the cache that these calls are in the ledger."""
        self.model.recorded(calls)

    def _each(
        self,
        given: Sequence[Given],
        step: Callable[[Given, CallContext], Step],
        stage: StageName,
        configs: Sequence[RunnableConfig] | None,
    ) -> list[Persona]:
        def one(thing: Given, config: RunnableConfig | None) -> Persona:
            made = step(thing, CallContext(stage, thing.user, self.budget, config))
            if made.failed:
                raise ModelAnswerError(
                    f"{self.name} gave no answer to {stage} {thing.user!r}: {made.problems[-1].reason}"
                )
            return made.persona

        with ContextThreadPoolExecutor(max_workers=self._at_once(configs)) as pool:
            return list(pool.map(one, given, configs if configs is not None else repeat(None)))

    def _at_once(self, configs: Sequence[RunnableConfig] | None) -> int:
        """Return how many calls run at once: as the model's settings say, and no more than a config allows."""
        allowed = [config["max_concurrency"] for config in configs or () if config.get("max_concurrency")]
        return min([self.model.settings.concurrency, *(most for most in allowed if most is not None)])
