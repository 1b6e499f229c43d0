"""One way to ask: a prompt and the model of the answer go in, and what can be relied on comes out.

The provider is given the JSON schema, not the pydantic class: OpenAI's client raises where an answer does not fit its
class, and with it goes what was said and what it cost. The answer is read here, and strictly: LangChain's own reader
closes JSON that was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from pydantic import ValidationError

from persona_db.chains.language.asking import Asking, noted
from persona_db.chains.language.attempt import Attempt, attempting
from persona_db.chains.language.binding import bound, count_messages
from persona_db.chains.language.calls import Call, CallOutcome
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.prompts import Rendered, repair_text
from persona_db.chains.language.replies import Reply, message_of_completion, read_reply
from persona_db.chains.language.transport import sending
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig

__all__ = ["REPAIRS", "Answered", "Checked", "Failed", "Problem", "ask", "stream_text"]

T = TypeVar("T", bound=Model)

REPAIRS = 2
"""How often an answer that cannot be used is asked for again."""
_MOST_RAW = 4_000
_MOST_PROBLEMS = 6


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
    runnable = bound(model, prompt, output, log_probabilities=log_probabilities)
    messages: list[BaseMessage] = list(prompt.messages)
    best: Answered[T] | None = None
    most_kept = 1
    reply = Reply("")
    reasons: Sequence[str] = ()
    outcome: CallOutcome = "invalid"
    first, keys = len(asking.calls), list[bytes]()
    for turn in range(1 + REPAIRS):
        with noted(model, prompt, asking, count_messages(model, messages, output), repair=turn > 0) as note:
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

    with noted(model, prompt, asking, count_messages(model, messages, None), repair=False) as note:
        with attempting(note.attempt):
            chunk, rest = sending(begin, gate=model.gate, attempts=model.settings.attempts, model=model.name)
        whole = None  # a model that does not stream gives one message, which is no chunk
        try:
            while chunk is not None:
                whole = chunk if whole is None else whole + chunk
                if text := str(chunk.text):
                    yield text
                chunk = next(rest, None)
        finally:  # whoever stops listening has paid for what came
            message = whole or AIMessage("")
            note.answered(message, "answered" if message.text else "empty")


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


def _reasons(exc: ValidationError) -> list[str]:
    """What pydantic found wrong, without the values, which users may have written."""
    found = exc.errors(include_input=False, include_url=False, include_context=False)
    return [f"{'.'.join(str(part) for part in one['loc']) or 'answer'}: {one['msg']}" for one in found[:_MOST_PROBLEMS]]
