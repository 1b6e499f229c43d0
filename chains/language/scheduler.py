"""The language-model engine: histories to facts and keys, a user at a time, many users at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from heapq import heappop, heappush
from threading import Lock
from typing import TYPE_CHECKING

from persona_db.chains.calls import CallRecord, StageName
from persona_db.chains.engine import QuarantinedAnswer, Refined
from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.distil_induce import Distils, Step, distil, induce
from persona_db.chains.language.facts_and_keys import held_keys
from persona_db.chains.persona import UserHistory
from persona_db.graph.errors import BudgetError, ConfigError, PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Course", "Turns", "refine_people"]

_AHEAD = 4
"""Users under way for each call at once: some wait for their second call while others make their first."""


def refine_people(
    engine: Distils,
    histories: Iterable[UserHistory],
    *,
    budget: Budget | None = None,
    config: RunnableConfig | None = None,
) -> Iterator[Refined]:
    """Yield what comes of each user as they complete, in whatever order that is.

    Users are begun some way ahead of those that complete, so that whoever writes what is yielded holds up no call.
    No user is begun after the budget is reached, or after as many as run at once, one after another, were not
    answered; those begun are finished and yielded. ConfigError (a wrong key, a model there is not) is raised when
    they have been.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    from persona_db.chains.language.scheduler import Course, Turns

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
                    course = Course(engine, history, budget or engine.budget, config, turns)
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


class Turns:
    """Work waiting for one of the threads of a pool: what comes first first, then what has waited longest."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = Lock()
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    def queue(self, work: Callable[[], None], *, place: int) -> None:
        """Have *work* done before all of a higher place."""
        with self._lock:
            heappush(self._waiting, (place, self._number, work))
            self._number += 1
        self._pool.submit(self._next)

    def _next(self) -> None:
        with self._lock:
            _, _, work = heappop(self._waiting)
        work()


class Course:
    """Distils, then queues up again to induce."""

    def __init__(
        self,
        engine: Distils,
        history: UserHistory,
        budget: Budget | None,
        config: RunnableConfig | None,
        turns: Turns,
    ) -> None:
        self._engine, self._history, self._budget, self._config = engine, history, budget, config
        self._turns = turns
        self._calls: list[CallRecord] = []
        self._quarantined: list[QuarantinedAnswer] = []
        self._end: Future[Refined] = Future()

    def begin(self) -> Future[Refined]:
        """Queue up; what is returned has the result when the user is through."""
        self._turns.queue(self._distil, place=0)
        return self._end

    def call_off(self) -> None:
        """Begin no more; a course that has begun goes on."""
        self._end.cancel()

    def _distil(self) -> None:
        if not self._end.set_running_or_notify_cancel():
            return
        step = self._step("distil", lambda call_context: distil(self._engine.model, self._history, call_context))
        if step is None:
            return
        if step.failed:
            self._finish(Refined(self._history.user, None, *self._noted(), complete=False))
        else:
            bounded = self._budget is not None and self._budget.budget_usd is not None
            self._turns.queue(lambda: self._induce(step), place=-1 if bounded else 1)

    def _induce(self, distilled: Step) -> None:
        engine = self._engine
        step = self._step(
            "induce",
            lambda call_context: induce(engine.model, distilled.persona, call_context, ideologies=engine.ideologies),
        )
        if step is not None:
            persona = step.persona.model_copy(update={"keys": held_keys(step.persona)})
            complete = distilled.whole and step.whole
            self._finish(Refined(persona.user, persona, *self._noted(), complete=complete))

    def _step(self, stage: StageName, work: Callable[[CallContext], Step]) -> Step | None:
        """Return what the work gives, and note its problems; None when an error ended the course."""
        user = self._history.user
        try:
            step = work(CallContext(stage, user, self._budget, self._config, calls=self._calls))
        except PersonaDBError as exc:
            self._finish(Refined(user, None, *self._noted(), error=exc, complete=False))
            return None
        except BaseException as exc:
            self._end.set_exception(exc)
            raise
        self._quarantined += [
            QuarantinedAnswer(stage=stage, user=user, reason=one.reason, raw=one.raw) for one in step.problems
        ]
        return step

    def _noted(self) -> tuple[tuple[CallRecord, ...], tuple[QuarantinedAnswer, ...]]:
        return tuple(self._calls), tuple(self._quarantined)

    def _finish(self, made: Refined) -> None:
        self._end.set_result(made)
