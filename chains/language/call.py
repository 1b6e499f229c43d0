"""One call of a language model: its context, its record, and the budget that it may not exceed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Condition
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self
from uuid import uuid4

from langchain_core.messages import AIMessage
from pydantic import Field

from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.errors import BudgetError, ConfigError, PersonaDBError
from persona_db.graph.ledger import Run
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "CACHED",
    "UNRECORDED",
    "Budget",
    "Call",
    "CallContext",
    "CallOutcome",
    "CallRecord",
    "NotPaidForError",
    "StageName",
    "current_call",
    "runs_of",
]

StageName = Literal["distil", "induce", "predict", "verify"]
CallOutcome = Literal["answered", "invalid", "refused", "empty", "truncated", "outside", "failed"]
CACHED = "persona_db_cached"
"""Set in the response metadata of a message that came from the cache."""
UNRECORDED = "persona_db_unrecorded"
"""Set beside it when the call that paid for the message is in no ledger yet."""
_MARGIN = 1.15  # what is reserved for a prompt, over the tokens counted


class CallRecord(Model):
    """The record of one call, answered by the model or by the cache."""

    stage: StageName
    user: str
    model: str
    prompt: str = Field(description="Name of the prompt file.")
    prompt_hash: str
    tokens_in: int = Field(ge=0, description="As the provider counted them; estimated where it does not say.")
    tokens_out: int = Field(ge=0)
    cost_usd: float | None = Field(description="None where no price is known; 0 when cached and on record.")
    seconds: float
    cached: bool = Field(description="Answered from the cache: nothing was sent and nothing paid.")
    unrecorded: bool = Field(
        default=False, description="Cached, but paid for by a run that was killed before it could put it on record."
    )
    answer: bytes | None = Field(default=None, exclude=True, description="Key of the answer in the cache.")
    repair: bool = Field(default=False, description="Repeated because the answer before it could not be used.")
    attempts: int = Field(default=1, description="Requests sent for it; more than 1 after faults of the transport.")
    outcome: CallOutcome

    @property
    def paid(self) -> bool:
        """Whether the ledger counts the call as made: it was sent, or a killed run sent it and left no record."""
        return not self.cached or self.unrecorded


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
    def settings(self) -> ModelSettings: ...

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
        self.key: bytes | None = None
        """Of the answer, in the cache, which sets it."""
        self._model, self._context = model, context
        self._started = perf_counter()
        self._sent = 0
        self._reserved = self._recorded = False
        most = model.cost(round(counted_in * _MARGIN), model.settings.max_tokens_out)
        self._most_usd = most or 0.0
        if most is None and context.budget is not None and context.budget.budget_usd is not None:
            raise ConfigError(
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


def runs_of(
    calls: Sequence[CallRecord],
    *,
    fit: str,
    at: str,
    unit: str | None = None,
    quarantined: Mapping[StageName, int] = MappingProxyType({}),
) -> list[Run]:
    """Sum *calls* by user, stage, model and prompt, in their order; *quarantined* counts unusable answers by stage.

    A call that a killed run paid for and left without a record counts as made here and as cached.
    Ids depend on *unit*, where the calls are all calls of a unit of work, so that a repetition gives the same ids; else
    they are random.
    """
    grouped: dict[tuple[str, str, str, str], list[CallRecord]] = {}
    for call in calls:
        prompt = f"{call.prompt} {call.prompt_hash}"
        grouped.setdefault((call.user, call.stage, call.model, prompt), []).append(call)
    return [
        Run(
            id=_run_id(unit, stage, model, prompt) if unit else uuid4().hex,
            fit=fit,
            user=user,
            stage=stage,
            model=model,
            prompt=prompt,
            calls=sum(call.paid for call in some),
            cached=sum(call.cached for call in some),
            repairs=sum(call.repair and call.paid for call in some),
            quarantined=quarantined.get(some[0].stage, 0),
            tokens_in=sum(call.tokens_in for call in some if call.paid),
            tokens_out=sum(call.tokens_out for call in some if call.paid),
            cost_usd=_cost(some),
            seconds=sum(call.seconds for call in some),
            outcome=some[-1].outcome,
            at=at,
        )
        for (user, stage, model, prompt), some in grouped.items()
    ]


def _cost(calls: Sequence[CallRecord]) -> float | None:
    costs = [call.cost_usd if call.paid else 0.0 for call in calls]
    return None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)


def _run_id(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
