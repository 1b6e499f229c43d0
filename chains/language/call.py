"""One call of a language model: for whom it is made, its record, and the budget that it may not exceed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Condition
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.messages import AIMessage

from persona_db.chains.calls import CallOutcome, CallRecord, StageName
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.errors import BudgetError, ModelConfigError, PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "CACHED",
    "UNRECORDED",
    "Attempt",
    "Budget",
    "CallContext",
    "NotPaidForError",
    "Note",
    "attempting",
    "current_attempt",
    "noted",
]

CACHED = "persona_db_cached"
"""Set in the response metadata of a message that came from the cache."""


UNRECORDED = "persona_db_unrecorded"
"""Set beside it when the call that paid for the message is in no ledger yet."""


_MARGIN = 1.15  # what is set aside for a prompt over what it was counted to be


class Budget:
    """The sum of the calls so far, from any thread, and the budget they may not exceed."""

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
        """Set aside what a call may cost at most; BudgetError when the budget does not hold it.

        While other calls run it waits for them, since they mostly cost less than was set aside for them.
        """
        with self._changed:
            if self.budget_usd is not None:
                while self.cost_usd + self._reserved + most_usd > self.budget_usd:
                    if not self._running:
                        raise BudgetError(self.budget_usd, spent_usd=self.cost_usd)
                    self._changed.wait()
            self._reserved += most_usd
            self._running += 1

    def release(self, most_usd: float, calls: Iterable[CallRecord] = ()) -> None:
        """Give back what was set aside, and enter what was made of it."""
        with self._changed:
            self._reserved -= most_usd
            self._running -= 1
            for call in calls:
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
    """In a rehearsal: the cache does not hold the answer, so a call would be made."""

    def __init__(self, counted_in: int) -> None:
        super().__init__(f"a call of about {counted_in} tokens")
        self.counted_in = counted_in


@dataclass
class Attempt:
    """A call from the look-up in the cache until its answer is there."""

    prompt: str
    counted_in: int = 0
    most_usd: float = 0.0
    budget: Budget | None = None
    dry_run: bool = False
    """Nothing may be sent: NotPaidForError where a call would be."""
    repair: bool = False
    key: bytes | None = None
    """Of the answer, in the cache."""
    sent: int = field(default=0, init=False)
    _reserved: bool = field(default=False, init=False)

    def admit(self) -> None:
        """Let one request pass: BudgetError when the budget does not hold what it may cost."""
        if self.dry_run:
            raise NotPaidForError(self.counted_in)
        if self.budget is not None and not self._reserved:
            self.budget.reserve(self.most_usd)
            self._reserved = True
        self.sent += 1

    def close(self, call: CallRecord | None) -> None:
        """Enter what came of it in the accounts, and give back what was set aside."""
        if self.budget is None:
            return
        if self._reserved:
            self._reserved = False
            self.budget.release(self.most_usd, () if call is None else (call,))
        elif call is not None:
            self.budget.add(call)


_CURRENT: ContextVar[Attempt | None] = ContextVar("persona_db_attempt", default=None)


def current_attempt() -> Attempt | None:
    """Return the call under way in this context, which LangChain carries into its threads."""
    return _CURRENT.get()


@contextmanager
def attempting(attempt: Attempt) -> Iterator[Attempt]:
    """Make *attempt* the call under way."""
    token = _CURRENT.set(attempt)
    try:
        yield attempt
    finally:
        _CURRENT.reset(token)


@dataclass
class CallContext:
    """For whom and for what is asked; `calls` grows by each call made, also when an error ends it."""

    stage: StageName
    user: str
    budget: Budget | None = None
    config: RunnableConfig | None = None
    dry_run: bool = False
    """Answers come from the cache alone: NotPaidForError where a call would be made."""
    calls: list[CallRecord] = field(default_factory=list)


class Priced(Protocol):
    """What the record of a call takes of the model that was asked."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> ModelSettings: ...

    def count_tokens(self, text: str) -> int: ...
    def cost(self, tokens_in: int, tokens_out: int) -> float | None: ...


class Note:
    """What is noted of one call, once."""

    def __init__(
        self, model: Priced, prompt: Rendered, call_context: CallContext, counted: int, *, repair: bool
    ) -> None:
        self._model, self._prompt, self._call_context, self._repair = model, prompt, call_context, repair
        self._started = perf_counter()
        budget = call_context.budget
        most = model.cost(round(counted * _MARGIN), model.settings.max_tokens_out)
        if most is None and budget is not None and budget.budget_usd is not None:
            raise ModelConfigError(
                f"no price is known for {model.name}, so no budget can be kept; "
                "name a JSON file with its price by PERSONA_DB_PRICES"
            )
        self.attempt = Attempt(prompt.name, counted, most or 0.0, budget, call_context.dry_run, repair)
        self.done = False

    def answered(self, message: AIMessage, outcome: CallOutcome) -> None:
        """Enter a call that was answered, with what the provider counted, or else what was counted here."""
        usage: Any = message.usage_metadata or {}
        cached = bool(message.response_metadata.get(CACHED))
        tokens_in = usage.get("input_tokens") or self.attempt.counted_in
        tokens_out = usage.get("output_tokens") or self._model.count_tokens(str(message.text))
        unrecorded = bool(message.response_metadata.get(UNRECORDED))
        cost = 0.0 if cached and not unrecorded else self._model.cost(tokens_in, tokens_out)
        self.enter(outcome, tokens_in=tokens_in, tokens_out=tokens_out, cost=cost, cached=cached, unrecorded=unrecorded)

    def enter(
        self, outcome: CallOutcome, *, tokens_in: int = 0, tokens_out: int = 0, cost: float | None = 0.0,
        cached: bool = False, unrecorded: bool = False,
    ) -> None:  # fmt: skip
        call = CallRecord(
            stage=self._call_context.stage, user=self._call_context.user, model=self._model.name,
            prompt=self._prompt.name, prompt_hash=self._prompt.hash,
            tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost,
            seconds=perf_counter() - self._started, cached=cached, unrecorded=unrecorded, answer=self.attempt.key,
            repair=self._repair, attempts=self.attempt.sent, outcome=outcome,
        )  # fmt: skip
        self._call_context.calls.append(call)
        self.attempt.close(call)
        self.done = True


@contextmanager
def noted(model: Priced, prompt: Rendered, call_context: CallContext, counted: int, *, repair: bool) -> Iterator[Note]:
    """Note one call, also one that fails on the way, and give back what was set aside for it."""
    note = Note(model, prompt, call_context, counted, repair=repair)
    try:
        yield note
    except PersonaDBError:
        if note.attempt.sent and not note.done:
            note.enter("failed")
        raise
    finally:
        if not note.done:
            note.attempt.close(None)
