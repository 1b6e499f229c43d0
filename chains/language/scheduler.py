"""Refining many users at once: each user makes two calls, and a pool of threads runs the calls of all of them.

The pool runs calls in the order in which they are queued. A user's second call is queued when the first has answered,
so it stands behind the first calls of other users, and the last round of calls is full. Under a budget the same thread
makes the second call at once, so that the budget buys whole users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TYPE_CHECKING

from persona_db.chains.calls import CallRecord, StageName
from persona_db.chains.engine import QuarantinedAnswer, Refined
from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.distil_induce import Distils, Step, distil, induce
from persona_db.chains.persona import Persona, UserHistory
from persona_db.graph.errors import BudgetError, ConfigError, PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["UserTask", "refine_people"]

_AHEAD = 4
"""Users under way for each call at once: some wait for their second call while others make their first."""


def refine_people(
    engine: Distils,
    histories: Iterable[UserHistory],
    *,
    budget: Budget | None = None,
    config: RunnableConfig | None = None,
) -> Iterator[Refined]:
    """Yield the outcome of each user as it completes, in any order.

    Users begin ahead of those that complete, so a caller that writes each outcome holds up no call. No user begins
    after the budget is reached, or after as many users in a row as run at once had no answer; those that have begun are
    finished and yielded. Then ConfigError (a wrong key, an unknown model) is raised.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    at_once = engine.model.settings.concurrency
    source = iter(histories)
    wrong: ConfigError | None = None
    stopped, failures_in_a_row = False, 0
    running: list[Future[Refined]] = []
    with ContextThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            while True:
                while not stopped and len(running) < _AHEAD * at_once and (history := next(source, None)) is not None:
                    running.append(UserTask(engine, history, budget or engine.budget, config, pool).outcome)
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                completed = [future for future in running if future in done]
                running = [future for future in running if future not in done]
                for future in completed:
                    if future.cancelled():
                        continue
                    made = future.result()
                    failures_in_a_row = 0 if made.error is None else failures_in_a_row + 1
                    if isinstance(made.error, ConfigError):
                        wrong = wrong or made.error
                    if isinstance(made.error, (BudgetError, ConfigError)) or failures_in_a_row >= max(3, at_once):
                        stopped = True
                        _cancel(running)
                    yield made
        finally:
            _cancel(running)
    if wrong is not None:
        raise wrong


def _cancel(outcomes: Iterable[Future[Refined]]) -> None:
    """Keep the users that wait from beginning; those that have begun are finished."""
    for outcome in outcomes:
        outcome.cancel()


class UserTask:
    """Distils the history of one user, then induces; each is work of its own for the pool."""

    def __init__(
        self,
        engine: Distils,
        history: UserHistory,
        budget: Budget | None,
        config: RunnableConfig | None,
        pool: Executor,
    ) -> None:
        self.outcome: Future[Refined] = Future()
        self._engine, self._history, self._budget, self._config = engine, history, budget, config
        self._pool = pool
        self._calls: list[CallRecord] = []
        self._quarantined: list[QuarantinedAnswer] = []
        pool.submit(self._distil)

    def _distil(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        engine, history = self._engine, self._history
        step = self._step("distil", lambda context: distil(engine.model, history, context, supports=engine.supports))
        if step is None:
            return
        if step.failed:
            self._finish(None, complete=False)
        elif self._budget is not None and self._budget.budget_usd is not None:
            self._induce(step)
        else:
            self._pool.submit(self._induce, step)

    def _induce(self, distilled: Step) -> None:
        engine = self._engine
        step = self._step(
            "induce",
            lambda context: induce(
                engine.model, distilled.persona, context, ideologies=engine.ideologies, supports=engine.supports
            ),
        )
        if step is not None:
            self._finish(engine.key([step.persona])[0], complete=distilled.whole and step.whole)

    def _step(self, stage: StageName, work: Callable[[CallContext], Step]) -> Step | None:
        """Return what *work* gives, and keep its problems; None when an error has finished the user."""
        user = self._history.user
        try:
            step = work(CallContext(stage, user, self._budget, self._config, calls=self._calls))
        except PersonaDBError as exc:
            self._finish(None, complete=False, error=exc)
            return None
        except BaseException as exc:
            self.outcome.set_exception(exc)
            raise
        self._quarantined += [
            QuarantinedAnswer(stage=stage, user=user, reason=one.reason, raw=one.raw) for one in step.problems
        ]
        return step

    def _finish(self, persona: Persona | None, *, complete: bool, error: PersonaDBError | None = None) -> None:
        calls, quarantined = tuple(self._calls), tuple(self._quarantined)
        self.outcome.set_result(Refined(self._history.user, persona, calls, quarantined, error, complete))
