"""For whom a model is asked, and the record of each call: made, failed or cached, entered once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage

from persona_db.chains.language.attempt import Attempt
from persona_db.chains.language.cache import CACHED, UNRECORDED
from persona_db.chains.language.calls import Accounts, Call, CallOutcome, StageName
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.prompts import Rendered
from persona_db.graph.errors import ConfigError, PersonaDBError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Asking", "Note", "noted"]

_MARGIN = 1.15  # what is set aside for a prompt over what it was counted to be


@dataclass
class Asking:
    """For whom and for what is asked; `calls` grows by each call made, also when an error ends it."""

    stage: StageName
    user: str
    accounts: Accounts | None = None
    config: RunnableConfig | None = None
    rehearsal: bool = False
    """Answers come from the cache alone: NotPaidForError where a call would be made."""
    calls: list[Call] = field(default_factory=list)


class Note:
    """What is noted of one call, once."""

    def __init__(self, model: LanguageModel, prompt: Rendered, asking: Asking, counted: int, *, repair: bool) -> None:
        self._model, self._prompt, self._asking, self._repair = model, prompt, asking, repair
        self._started = perf_counter()
        accounts = asking.accounts
        most = model.cost(round(counted * _MARGIN), model.settings.max_tokens_out)
        if most is None and accounts is not None and accounts.budget_usd is not None:
            raise ConfigError(
                f"no price is known for {model.name}, so no budget can be kept; "
                "name a JSON file with its price by PERSONA_DB_PRICES"
            )
        self.attempt = Attempt(prompt.name, counted, most or 0.0, accounts, asking.rehearsal, repair)
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
        call = Call(
            stage=self._asking.stage, user=self._asking.user, model=self._model.name, prompt=self._prompt.name,
            prompt_hash=self._prompt.hash, tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost,
            seconds=perf_counter() - self._started, cached=cached, unrecorded=unrecorded, answer=self.attempt.key,
            repair=self._repair, attempts=self.attempt.sent, outcome=outcome,
        )  # fmt: skip
        self._asking.calls.append(call)
        self.attempt.settle(call)
        self.done = True


@contextmanager
def noted(model: LanguageModel, prompt: Rendered, asking: Asking, counted: int, *, repair: bool) -> Iterator[Note]:
    """Note one call, also one that fails on the way, and give back what was set aside for it."""
    note = Note(model, prompt, asking, counted, repair=repair)
    try:
        yield note
    except PersonaDBError:
        if note.attempt.sent and not note.done:
            note.enter("failed")
        raise
    finally:
        if not note.done:
            note.attempt.settle(None)
