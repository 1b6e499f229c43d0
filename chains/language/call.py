"""One call of a language model: for whom it is made, its record, and the budget that it may not exceed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Condition
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import uuid4

from langchain_core.messages import AIMessage
from pydantic import Field

from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.errors import BudgetError, ModelConfigError, PersonaDBError
from persona_db.graph.ledger import Run
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = [
    "CACHED",
    "UNRECORDED",
    "Attempt",
    "Budget",
    "CallContext",
    "CallOutcome",
    "CallRecord",
    "NotPaidForError",
    "Note",
    "StageName",
    "attempting",
    "current_attempt",
    "noted",
    "runs_of",
]

StageName = Literal["distil", "induce", "predict", "verify"]
CallOutcome = Literal["answered", "invalid", "refused", "empty", "truncated", "outside", "failed"]
CACHED = "persona_db_cached"
"""Set in the response metadata of a message that came from the cache."""


UNRECORDED = "persona_db_unrecorded"
"""Set beside it when the call that paid for the message is in no ledger yet."""


_MARGIN = 1.15  # what is set aside for a prompt over what it was counted to be


class CallRecord(Model):
    """One question put to a model, answered by it or by the cache."""

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
    repair: bool = Field(default=False, description="Asked again because an answer before it could not be used.")
    attempts: int = Field(default=1, description="Requests sent for it; more than 1 after faults of the transport.")
    outcome: CallOutcome

    @property
    def paid(self) -> bool:
        """Whether the ledger counts it as made: it was, or an answer that was paid for was never put on record."""
        return not self.cached or self.unrecorded


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


def runs_of(
    calls: Sequence[CallRecord],
    *,
    fit: str,
    at: str,
    unit: str | None = None,
    quarantined: Mapping[StageName, int] = MappingProxyType({}),
) -> list[Run]:
    """Sum *calls* by user, stage, model and prompt, in their order; *quarantined* counts what was unusable by stage.

    What a killed run paid for and could not put on record counts as made here, and is found in the cache as well.

    Ids are those of the *unit* of work, where the calls are all of it, so that whoever does it again gives them the
    same; else they are random.
    """
    grouped: dict[tuple[str, str, str, str], list[CallRecord]] = {}
    for call in calls:
        prompt = f"{call.prompt} {call.prompt_hash}"
        grouped.setdefault((call.user, call.stage, call.model, prompt), []).append(call)
    return [
        Run(
            id=_digest(unit, stage, model, prompt) if unit else uuid4().hex,
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


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
