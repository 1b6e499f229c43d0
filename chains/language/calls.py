"""What calls of a language model cost, and the budget that they may not exceed."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Condition
from typing import Literal

from pydantic import Field

from persona_db.graph.errors import BudgetError
from persona_db.graph.models import Model

__all__ = ["Accounts", "Call", "CallOutcome", "StageName"]

StageName = Literal["distil", "induce", "predict", "verify"]
CallOutcome = Literal["answered", "invalid", "refused", "empty", "truncated", "outside", "failed"]


class Call(Model):
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


class Accounts:
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

    def release(self, most_usd: float, calls: Iterable[Call] = ()) -> None:
        """Give back what was set aside, and enter what was made of it."""
        with self._changed:
            self._reserved -= most_usd
            self._running -= 1
            for call in calls:
                self._enter(call)
            self._changed.notify_all()

    def add(self, call: Call) -> None:
        """Enter a call that needed no reservation."""
        with self._changed:
            self._enter(call)

    def _enter(self, call: Call) -> None:
        self.calls += not call.cached
        self.cached += call.cached
        self.repairs += call.repair and not call.cached
        self.seconds += call.seconds
        if not call.cached:
            self.tokens_in += call.tokens_in
            self.tokens_out += call.tokens_out
            self.cost_usd += call.cost_usd or 0.0
