"""One call under way: what the cache, the gate and the accounts need to know of it, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.chains.language.calls import Accounts, Call

__all__ = ["Attempt", "NotPaidForError", "attempting", "current_attempt"]


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
    accounts: Accounts | None = None
    rehearsal: bool = False
    """Nothing may be sent: NotPaidForError where a call would be."""
    repair: bool = False
    key: bytes | None = None
    """Of the answer, in the cache."""
    sent: int = field(default=0, init=False)
    _reserved: bool = field(default=False, init=False)

    def admit(self) -> None:
        """Let one request pass: BudgetError when the budget does not hold what it may cost."""
        if self.rehearsal:
            raise NotPaidForError(self.counted_in)
        if self.accounts is not None and not self._reserved:
            self.accounts.reserve(self.most_usd)
            self._reserved = True
        self.sent += 1

    def settle(self, call: Call | None) -> None:
        """Enter what came of it in the accounts, and give back what was set aside."""
        if self.accounts is None:
            return
        if self._reserved:
            self._reserved = False
            self.accounts.release(self.most_usd, () if call is None else (call,))
        elif call is not None:
            self.accounts.add(call)


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
