"""One way to ask: a prompt and the model of the answer go in, and what can be relied on comes out.

The provider is given the JSON schema, not the pydantic class: OpenAI's client raises where an answer does not fit its
class, and with it goes what was said and what it cost. The answer is read here, and strictly: LangChain's own reader
closes JSON that was cut off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableParallel
from pydantic import ValidationError

from persona_db.chains.language.attempt import Attempt, attempting
from persona_db.chains.language.cache import CACHED
from persona_db.chains.language.calls import Accounts, Call, CallOutcome, StageName
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.prompts import Rendered, repair_text
from persona_db.chains.language.replies import Reply, message_of_completion, read_reply
from persona_db.chains.language.schemas import grammar_schema, schema_of
from persona_db.chains.language.transport import sending
from persona_db.graph.errors import ConfigError, PersonaDBError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig

__all__ = ["REPAIRS", "Answered", "Asking", "Checked", "Failed", "Problem", "ask", "count_prompt", "stream_text"]

T = TypeVar("T", bound=Model)

REPAIRS = 2
"""How often an answer that cannot be used is asked for again."""
_MOST_RAW = 4_000
_MOST_PROBLEMS = 6
_MESSAGE_TOKENS = 4
_MARGIN = 1.15  # what is set aside for a prompt over what it was counted to be


@dataclass(frozen=True)
class Problem:
    """What cannot be used of an answer, and why; `reason` quotes nothing that users wrote."""

    reason: str
    raw: str


@dataclass(frozen=True)
class Checked(Generic[T]):
    """An answer held against what was asked: what is left of it, and what is wrong with the rest."""

    value: T
    problems: tuple[Problem, ...] = ()
    kept: int = 1
    """How much is left; 0 for nothing."""
    outcome: CallOutcome = "invalid"
    """What an answer with problems is called."""


@dataclass(frozen=True)
class Answered(Generic[T]):
    """An answer that can be used; `problems` are the parts left out of it after the repairs."""

    value: T
    calls: tuple[Call, ...]
    message: AIMessage = field(repr=False)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Failed:
    """No answer that can be used, after the repairs allowed."""

    reason: str
    raw: str
    outcome: CallOutcome
    calls: tuple[Call, ...]


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


def ask(
    model: LanguageModel,
    prompt: Rendered,
    output: type[T],
    *,
    check: Callable[[T], Checked[T]],
    asking: Asking,
    log_probabilities: bool = False,
) -> Answered[T] | Failed:
    """Return the model's answer as *output*, held against *check*; asked again, with what was wrong, twice at most.

    Of answers with problems the one of which most is left counts, the last of equals. Answers in vain are taken out of
    the cache, so that another run asks anew. BudgetError before a call that the budget does not hold;
    ModelUnavailableError, ConfigError, PromptTooLongError and ModelAnswerError as `transport.sending` has them.
    """
    schema = _schema(model, prompt, output)
    runnable = _bound(model, schema, output.__name__, log_probabilities=log_probabilities)
    messages: list[BaseMessage] = list(prompt.messages)
    best: Answered[T] | None = None
    most_kept = 1
    reply = Reply("")
    reasons: Sequence[str] = ()
    outcome: CallOutcome = "invalid"
    first, keys = len(asking.calls), list[bytes]()
    for turn in range(1 + REPAIRS):
        with _noted(model, prompt, asking, _counted(model, messages, output), repair=turn > 0) as note:
            message = _sent(model, runnable, messages, asking.config, note.attempt)
            reply = read_reply(message)
            reasons, outcome = (reply.reason,), reply.outcome
            checked: Checked[T] | None = None
            if reply.value is not None:
                try:
                    checked = check(output.model_validate(reply.value))
                except ValidationError as exc:
                    reasons, outcome = _reasons(exc), "invalid"
                else:
                    reasons = [problem.reason for problem in checked.problems]
                    outcome = checked.outcome if reasons else "answered"
            note.answered(message, outcome)
        if note.attempt.key is not None:
            keys.append(note.attempt.key)
        if checked is not None and outcome == "answered":
            return Answered(checked.value, tuple(asking.calls[first:]), message)
        if checked is not None and checked.kept >= most_kept:
            best, most_kept = Answered(checked.value, (), message, checked.problems), checked.kept
        if outcome == "refused":
            break
        said = AIMessage(reply.said[:_MOST_RAW] or "(nothing)")
        before, messages = messages, [*prompt.messages, said, HumanMessage(repair_text(reasons[:_MOST_PROBLEMS]))]
        if messages == before:
            break  # the same mistake again: the same question would get it a third time
    calls = tuple(asking.calls[first:])
    if best is not None:
        return Answered(best.value, calls, best.message, best.problems)
    if model.cache is not None:
        model.cache.forget(keys)
    return Failed("; ".join(reasons[:_MOST_PROBLEMS]), reply.said, outcome, calls)


def stream_text(model: LanguageModel, prompt: Rendered, asking: Asking) -> Iterator[str]:
    """Yield the model's answer in plain text as it comes; the call is noted when it has ended."""
    messages = list(prompt.messages)

    def begin() -> tuple[AIMessageChunk | None, Iterator[AIMessageChunk]]:
        chunks = model.chat.stream(messages, asking.config)
        return next(chunks, None), chunks

    with _noted(model, prompt, asking, _counted(model, messages, None), repair=False) as note:
        with attempting(note.attempt):
            chunk, rest = sending(begin, gate=model.gate, attempts=model.settings.attempts, model=model.name)
        whole = chunk
        while chunk is not None:
            if text := str(chunk.text):
                yield text
            chunk = next(rest, None)
            if chunk is not None and whole is not None:
                whole += chunk
        message = whole if whole is not None else AIMessageChunk(content="")
        note.answered(message, "answered" if message.text else "empty")


def count_prompt(model: LanguageModel, prompt: Rendered, output: type[Model]) -> int:
    """Return about how many tokens the prompt is, with the schema of its answer."""
    return _counted(model, prompt.messages, output)


def _counted(model: LanguageModel, messages: Sequence[BaseMessage], output: type[Model] | None) -> int:
    """About how many tokens messages and schema are; hosted models are billed for the schema as well."""
    tokens = model.count_tokens("\n".join(str(message.content) for message in messages))
    tokens += _MESSAGE_TOKENS * len(messages)
    if output is not None and model.method in ("json_schema", "function_calling") and not model.grammar:
        tokens += _schema_tokens(model, output)
    return tokens


def _schema(model: LanguageModel, prompt: Rendered, output: type[Model]) -> dict[str, Any]:
    if not model.grammar:
        return schema_of(output)
    return grammar_schema(output, prompt, most=prompt.most or model.most_entries)


def _schema_tokens(model: LanguageModel, output: type[Model]) -> int:
    key = f"tokens of {output.__name__}"
    if key not in model.bound:
        model.bound[key] = model.count_tokens(json.dumps(schema_of(output)))
    return cast("int", model.bound[key])


def _bound(model: LanguageModel, schema: dict[str, Any], name: str, *, log_probabilities: bool) -> Runnable[Any, Any]:
    """Return the chat model made to answer by the schema, the same object for the same schema."""
    key = f"{name} {log_probabilities}" if not model.grammar else ""
    found = model.bound.get(key) if key else None
    if found is None:
        found = _structured(model, {"title": name, **schema}, log_probabilities=log_probabilities)
        if key:
            model.bound[key] = found
    return cast("Runnable[Any, Any]", found)


def _structured(model: LanguageModel, schema: dict[str, Any], *, log_probabilities: bool) -> Runnable[Any, Any]:
    chat = model.chat
    if model.method is None:
        return chat  # asked by words alone
    extra: dict[str, Any] = {}
    if log_probabilities:
        extra |= {"logprobs": True, "top_logprobs": 10}
    if model.method != "json_mode" and model.name.startswith(("openai:", "azure_openai:")):
        extra["strict"] = True
    try:
        made = chat.with_structured_output(schema, method=model.method, include_raw=True, **extra)
    except (NotImplementedError, TypeError, ValueError) as exc:
        raise ConfigError(f"{model.name} can't be asked by {model.method} ({exc}); set another method") from exc
    first = getattr(made, "first", None)
    if isinstance(first, RunnableParallel) and "raw" in first.steps__:
        return first.steps__["raw"]  # without the reader behind it, whose work would be thrown away
    return cast("Runnable[Any, Any]", made)


def _sent(
    model: LanguageModel,
    runnable: Runnable[Any, Any],
    messages: list[BaseMessage],
    config: RunnableConfig | None,
    attempt: Attempt,
) -> AIMessage:
    def send() -> AIMessage:
        try:
            answer = runnable.invoke(messages, config)
        except Exception as exc:  # of OpenAI's client, for an answer that ended early
            completion = getattr(exc, "completion", None)
            if completion is None:
                raise
            message = message_of_completion(completion)
            if model.cache is not None and attempt.key is not None:
                model.cache.keep(attempt.key, message)
            return message
        return cast("AIMessage", answer["raw"] if isinstance(answer, dict) else answer)

    with attempting(attempt):
        return sending(send, gate=model.gate, attempts=model.settings.attempts, model=model.name)


class _Note:
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
        cost = 0.0 if cached else self._model.cost(tokens_in, tokens_out)
        self.enter(outcome, tokens_in=tokens_in, tokens_out=tokens_out, cost=cost, cached=cached)

    def enter(
        self, outcome: CallOutcome, *, tokens_in: int = 0, tokens_out: int = 0, cost: float | None = 0.0,
        cached: bool = False,
    ) -> None:  # fmt: skip
        call = Call(
            stage=self._asking.stage, user=self._asking.user, model=self._model.name, prompt=self._prompt.name,
            prompt_hash=self._prompt.hash, tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost,
            seconds=perf_counter() - self._started, cached=cached, repair=self._repair, attempts=self.attempt.sent,
            outcome=outcome,
        )  # fmt: skip
        self._asking.calls.append(call)
        self.attempt.settle(call)
        self.done = True


@contextmanager
def _noted(model: LanguageModel, prompt: Rendered, asking: Asking, counted: int, *, repair: bool) -> Iterator[_Note]:
    """Note one call, also one that fails on the way, and give back what was set aside for it."""
    note = _Note(model, prompt, asking, counted, repair=repair)
    try:
        yield note
    except PersonaDBError:
        if note.attempt.sent and not note.done:
            note.enter("failed")
        raise
    finally:
        if not note.done:
            note.attempt.settle(None)


def _reasons(exc: ValidationError) -> list[str]:
    """What pydantic found wrong, without the values, which users may have written."""
    found = exc.errors(include_input=False, include_url=False, include_context=False)
    return [f"{'.'.join(str(part) for part in one['loc']) or 'answer'}: {one['msg']}" for one in found[:_MOST_PROBLEMS]]
