"""The language-model engine: histories to facts and keys, a user at a time, many users at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from persona_db.chains.language.calls import Accounts, Call, StageName
from persona_db.chains.language.canonical import Ideologies
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.persona import Persona, UserHistory
from persona_db.graph.errors import BudgetError, ConfigError, ModelAnswerError, PersonaDBError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.language.asking import Asking
    from persona_db.chains.language.course import Course
    from persona_db.chains.language.refining import Step
    from persona_db.graph.embedding import Embedder

__all__ = ["Estimate", "LanguageEngine", "QuarantinedAnswer", "Refined", "estimate", "refine_people"]

Given = TypeVar("Given", UserHistory, Persona)

_AHEAD = 4
"""Users under way for each call at once: some wait for their second call while others make their first."""


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
    calls: tuple[Call, ...] = ()
    quarantined: tuple[QuarantinedAnswer, ...] = ()
    error: PersonaDBError | None = None
    complete: bool = True


class Estimate(Model):
    """What a refinement would cost; cached calls are counted apart and cost nothing."""

    users: int
    calls: int = Field(description="To be paid, with the repairs that are usual.")
    cached: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None = Field(description="None where no price is known.")


@dataclass(frozen=True)
class LanguageEngine:
    """Distils, induces and keys by a language model; an Engine as `chains.stages` has it.

    *embedder* finds ideologies of the vocabulary by meaning; without one, by name alone.
    """

    model: LanguageModel
    embedder: Embedder | None = None
    accounts: Accounts | None = None

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
        from persona_db.chains.language.refining import distil

        return self._each(people, lambda history, asking: distil(self.model, history, asking), "distil", config)

    def induce(self, personas: Sequence[Persona], *, config: RunnableConfig | None = None) -> list[Persona]:
        """Infer from history and distilled facts what others may share, each with the facts that show it.

        ModelAnswerError when nothing of an answer can be used.
        """
        from persona_db.chains.language.refining import induce

        def step(persona: Persona, asking: Asking) -> Step:
            return induce(self.model, persona, asking, ideologies=self.ideologies)

        return self._each(personas, step, "induce", config)

    def key(self, personas: Sequence[Persona]) -> list[Persona]:
        """Turn induced facts and attributes into weighted cache keys; no call is made."""
        from persona_db.chains.language.personas import held_keys

        return [persona.model_copy(update={"keys": held_keys(persona)}) for persona in personas]

    def _each(
        self,
        given: Sequence[Given],
        step: Callable[[Given, Asking], Step],
        stage: StageName,
        config: RunnableConfig | None,
    ) -> list[Persona]:
        from langchain_core.runnables.config import ContextThreadPoolExecutor

        from persona_db.chains.language.asking import Asking

        def one(thing: Given) -> Persona:
            made = step(thing, Asking(stage, thing.user, self.accounts, config))
            if made.failed:
                raise ModelAnswerError(
                    f"{self.name} gave no answer to {stage} {thing.user!r}: {made.problems[-1].reason}"
                )
            return made.persona

        with ContextThreadPoolExecutor(max_workers=self.model.settings.concurrency) as pool:
            return list(pool.map(one, given))


def refine_people(
    engine: LanguageEngine,
    histories: Iterable[UserHistory],
    *,
    accounts: Accounts | None = None,
    config: RunnableConfig | None = None,
) -> Iterator[Refined]:
    """Yield what comes of each user as they complete, in whatever order that is.

    Users are begun some way ahead of those that complete, so that whoever writes what is yielded holds up no call.
    No user is begun after the budget is reached, or after as many as run at once, one after another, were not
    answered; those begun are finished and yielded. ConfigError (a wrong key, a model there is not) is raised when
    they have been.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    from persona_db.chains.language.course import Course, Turns

    at_once = engine.model.settings.concurrency
    source = iter(histories)
    wrong: ConfigError | None = None
    stopped, in_a_row = False, 0
    running: dict[Future[Refined], Course] = {}
    with ContextThreadPoolExecutor(max_workers=at_once) as pool:
        turns = Turns(pool)
        try:
            while True:
                while not stopped and len(running) < _AHEAD * at_once and (history := next(source, None)) is not None:
                    course = Course(engine, history, accounts or engine.accounts, config, turns)
                    running[course.begin()] = course
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in [one for one in running if one in done]:
                    del running[future]
                    if future.cancelled():
                        continue
                    made = future.result()
                    in_a_row = 0 if made.error is None else in_a_row + 1
                    if isinstance(made.error, ConfigError):
                        wrong = wrong or made.error
                    if isinstance(made.error, (BudgetError, ConfigError)) or in_a_row >= max(3, at_once):
                        stopped = True
                        _call_off(running.values())
                    yield made
        finally:
            _call_off(running.values())
    if wrong is not None:
        raise wrong


def _call_off(courses: Iterable[Course]) -> None:
    for course in courses:
        course.call_off()


def estimate(engine: LanguageEngine, histories: Iterable[UserHistory]) -> Estimate:
    """Return what refining these would take, without any call.

    What is in the cache is used. Beyond it prompts are rendered and counted as they would be sent; what they were
    answered so far tells how long answers are and how often a repair is needed, or else what is usual.
    """
    from persona_db.chains.language.estimating import Rehearsal

    rehearsal = Rehearsal(engine)
    for history in histories:
        rehearsal.add(history)
    return rehearsal.estimate()
