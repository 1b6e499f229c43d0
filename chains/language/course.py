"""The course of one user through the stages, a call at a time, turn about with other users.

Whoever has more calls before them goes first. Were a user's second call made right after the first, those begun last
would leave places empty at the end: with two calls a user that is one round more. Within a budget it is the other way
about, so that the money makes whole users.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from heapq import heappop, heappush
from threading import Lock
from typing import TYPE_CHECKING

from persona_db.chains.language.asking import Asking
from persona_db.chains.language.calls import Accounts, Call, StageName
from persona_db.chains.language.engine import LanguageEngine, QuarantinedAnswer, Refined
from persona_db.chains.language.refining import Step, distil, induce
from persona_db.chains.persona import UserHistory
from persona_db.graph.errors import PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Course", "Turns"]


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
        engine: LanguageEngine,
        history: UserHistory,
        accounts: Accounts | None,
        config: RunnableConfig | None,
        turns: Turns,
    ) -> None:
        self._engine, self._history, self._accounts, self._config = engine, history, accounts, config
        self._turns = turns
        self._calls: list[Call] = []
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
        step = self._step("distil", lambda asking: distil(self._engine.model, self._history, asking))
        if step is None:
            return
        if step.failed:
            self._finish(Refined(self._history.user, None, *self._noted(), complete=False))
        else:
            bounded = self._accounts is not None and self._accounts.budget_usd is not None
            self._turns.queue(lambda: self._induce(step), place=-1 if bounded else 1)

    def _induce(self, distilled: Step) -> None:
        engine = self._engine
        step = self._step(
            "induce",
            lambda asking: induce(engine.model, distilled.persona, asking, ideologies=engine.ideologies),
        )
        if step is not None:
            persona = engine.key([step.persona])[0]
            complete = distilled.whole and step.whole
            self._finish(Refined(persona.user, persona, *self._noted(), complete=complete))

    def _step(self, stage: StageName, work: Callable[[Asking], Step]) -> Step | None:
        """Return what the work gives, and note its problems; None when an error ended the course."""
        user = self._history.user
        try:
            step = work(Asking(stage, user, self._accounts, self._config, calls=self._calls))
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

    def _noted(self) -> tuple[tuple[Call, ...], tuple[QuarantinedAnswer, ...]]:
        return tuple(self._calls), tuple(self._quarantined)

    def _finish(self, made: Refined) -> None:
        self._end.set_result(made)
