"""One call of a language model: its context, its record, and the budget that it may not exceed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Condition
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, Self

from langchain_core.messages import AIMessage

from persona_db.chains.calls import CallOutcome, CallRecord, StageName
from persona_db.chains.language.prompts import Rendered
from persona_db.graph.errors import BudgetError, ModelConfigError, PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "CACHED",
    "UNRECORDED",
    "Budget",
    "Call",
    "CallContext",
    "NotPaidForError",
    "current_call",
]

CACHED = "persona_db_cached"
"""Set in the response metadata of a message that came from the cache."""
UNRECORDED = "persona_db_unrecorded"
"""Set beside it when the call that paid for the message is in no ledger yet."""
_MARGIN = 1.15  # what is reserved for a prompt, over the tokens counted


class Budget:
    """The usage of all calls so far, from any thread, and the cost that it may not exceed."""

    def __init__(self, *, budget_usd: float | None = None) -> None:
        self.budget_usd = budget_usd
        self.calls = 0
        self.cached = 0
        self.repairs = 0
        self.tokens_in = 0
        self.tokens_out = 0
        self.cost_usd = 0.0
        self.seconds = 0.0
        self._reserved = 0.0
        self._running = 0
        self._changed = Condition()

    def reserve(self, most_usd: float) -> None:
        """Reserve what a call may cost at most; BudgetError when the budget does not hold it.

        While other calls run it waits for them, since they mostly cost less than was reserved for them.
        """
        with self._changed:
            if self.budget_usd is not None:
                while self.cost_usd + self._reserved + most_usd > self.budget_usd:
                    if not self._running:
                        raise BudgetError(self.budget_usd, spent_usd=self.cost_usd)
                    self._changed.wait()
            self._reserved += most_usd
            self._running += 1

    def release(self, most_usd: float, call: CallRecord | None = None) -> None:
        """Return what was reserved, and enter the call that was made of it."""
        with self._changed:
            self._reserved -= most_usd
            self._running -= 1
            if call is not None:
                self._enter(call)
            self._changed.notify_all()

    def add(self, call: CallRecord) -> None:
        """Enter a call that needed no reservation."""
        with self._changed:
            self._enter(call)

    def _enter(self, call: CallRecord) -> None:
        self.calls += not call.cached
        self.cached += call.cached
        self.repairs += call.repair and not call.cached
        self.seconds += call.seconds
        if not call.cached:
            self.tokens_in += call.tokens_in
            self.tokens_out += call.tokens_out
            self.cost_usd += call.cost_usd or 0.0


class NotPaidForError(Exception):
    """In a dry run: the cache does not hold the answer, so a call would be made."""

    def __init__(self, counted_in: int) -> None:
        super().__init__(f"a call of about {counted_in} tokens")
        self.counted_in = counted_in


@dataclass
class CallContext:
    """The user and stage that calls are made for; `calls` grows by each call made, also when an error ends it."""

    stage: StageName
    user: str
    budget: Budget | None = None
    config: RunnableConfig | None = None
    dry_run: bool = False
    """Answers come from the cache alone: NotPaidForError where a call would be made."""
    calls: list[CallRecord] = field(default_factory=list)


class Priced(Protocol):
    """What the record of a call takes of the model."""

    @property
    def name(self) -> str: ...
    @property
    def tokens_out(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...
    def cost(self, tokens_in: int, tokens_out: int) -> float | None: ...


_CURRENT: ContextVar[Call | None] = ContextVar("persona_db_call", default=None)


def current_call() -> Call | None:
    """Return the call under way in this context, which LangChain carries into its threads."""
    return _CURRENT.get()


class Call:
    """One call under way, from the look-up in the cache until its record is in its context.

    As a context manager it records a call that failed after it was sent, and returns what it reserved of the budget.
    """

    def __init__(
        self, model: Priced, prompt: Rendered, context: CallContext, counted_in: int, *, repair: bool = False
    ) -> None:
        self.prompt, self.counted_in, self.repair = prompt, counted_in, repair
        self.dry_run = context.dry_run
        self.user = context.user
        self.key: bytes | None = None
        """Of the answer, in the cache, which sets it."""
        self._model, self._context = model, context
        self._started = perf_counter()
        self._sent = 0
        self._reserved = self._recorded = False
        most = model.cost(round(counted_in * _MARGIN), model.tokens_out)
        self._most_usd = most or 0.0
        if most is None and context.budget is not None and context.budget.budget_usd is not None:
            raise ModelConfigError(
                f"no price is known for {model.name}, so no budget can be kept; "
                "name a JSON file with its price by PERSONA_DB_PRICES"
            )

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Make this the current call of the context."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def admit(self) -> None:
        """Let one request pass: BudgetError when the budget does not hold what it may cost."""
        if self.dry_run:
            raise NotPaidForError(self.counted_in)
        if self._context.budget is not None and not self._reserved:
            self._context.budget.reserve(self._most_usd)
            self._reserved = True
        self._sent += 1

    def answered(self, message: AIMessage, outcome: CallOutcome) -> None:
        """Record the call as answered, with the provider's token counts where it gives them, else with ours."""
        usage: Any = message.usage_metadata or {}
        cached = bool(message.response_metadata.get(CACHED))
        tokens_in = usage.get("input_tokens") or self.counted_in
        tokens_out = usage.get("output_tokens") or self._model.count_tokens(str(message.text))
        unrecorded = bool(message.response_metadata.get(UNRECORDED))
        cost = 0.0 if cached and not unrecorded else self._model.cost(tokens_in, tokens_out)
        self._record(outcome, tokens_in, tokens_out, cost, cached=cached, unrecorded=unrecorded)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PersonaDBError) and self._sent and not self._recorded:
            self._record("failed")
        elif self._reserved and not self._recorded and self._context.budget is not None:
            self._context.budget.release(self._most_usd)

    def _record(
        self, outcome: CallOutcome, tokens_in: int = 0, tokens_out: int = 0, cost: float | None = 0.0, *,
        cached: bool = False, unrecorded: bool = False,
    ) -> None:  # fmt: skip
        context = self._context
        record = CallRecord(
            stage=context.stage, user=context.user, model=self._model.name,
            prompt=self.prompt.name, prompt_hash=self.prompt.hash,
            tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost,
            seconds=perf_counter() - self._started, cached=cached, unrecorded=unrecorded, answer=self.key,
            repair=self.repair, attempts=self._sent, outcome=outcome,
        )  # fmt: skip
        context.calls.append(record)
        self._recorded = True
        if context.budget is not None and self._reserved:
            context.budget.release(self._most_usd, record)
        elif context.budget is not None:
            context.budget.add(record)
