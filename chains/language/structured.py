"""Structured answers: a prompt and a class of answers go in, and an answer that was checked comes out.

The provider gets the JSON schema, not the pydantic class: OpenAI's client raises where an answer does not fit its
class, and drops its words and its cost. The answer is read here, and strictly: LangChain's own reader closes JSON that
was cut off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from pydantic import ValidationError

from persona_db.chains.calls import CallOutcome, CallRecord
from persona_db.chains.language.call import Call, CallContext
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.output_schema import adapted, bound, count_messages
from persona_db.chains.language.prompts import Rendered, repair_text
from persona_db.graph.models import Model

__all__ = [
    "REPAIRS",
    "Answered",
    "Checked",
    "Failed",
    "Problem",
    "Reply",
    "ask",
    "read_reply",
    "stream_text",
]

T = TypeVar("T", bound=Model)
REPAIRS = 2
"""How often an answer that cannot be used is asked for again; one of which a part is usable, once."""
_MOST_RAW = 4_000
_MOST_PROBLEMS = 6
_CUT_OFF = ("length", "max_tokens", "MAX_TOKENS", "model_length")
_REFUSED = ("content_filter", "refusal", "SAFETY")
_REFUSING = (
    "i'm sorry", "i am sorry", "sorry,", "i can't", "i cannot", "i can not", "i won't", "i'm unable", "i am unable",
    "i'm not able", "as an ai",
)  # fmt: skip

_REASONING = ("<think", "<reasoning>", "<thought", "[THINK]", "<|channel|>analysis")
_REASONED = ("</think>", "</thinking>", "</reasoning>", "</thought>", "[/THINK]", "final<|message|>")
"""What models write around their reasoning where no server takes it out; the first sign may be in their template."""
_CUT = "the answer was cut off for its length: name fewer, in fewer words"
_ONLY_REASONED = "all tokens of the answer went into reasoning; set a larger --max-tokens, or less --reasoning"
_BEGINS = re.compile(r"\{\s*[\"}]")


@dataclass(frozen=True)
class Problem:
    """A part of an answer that cannot be used, and why; `reason` quotes nothing that users wrote."""

    reason: str
    raw: str


@dataclass(frozen=True)
class Checked(Generic[T]):
    """An answer after its check: the part that is usable, and the problems of the rest."""

    value: T
    problems: tuple[Problem, ...] = ()
    kept: int = 1
    """How many entries are usable; 0: nothing is."""
    outcome: CallOutcome = "invalid"
    """The outcome of the call where there are problems."""


@dataclass(frozen=True)
class Answered(Generic[T]):
    """A usable answer; `problems` are the parts that were dropped after the repairs."""

    value: T
    calls: tuple[CallRecord, ...]
    message: AIMessage = field(repr=False)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Failed:
    """No usable answer, after the repairs allowed."""

    reason: str
    raw: str
    outcome: CallOutcome
    calls: tuple[CallRecord, ...]


def ask(
    model: LanguageModel,
    prompt: Rendered,
    output: type[T],
    *,
    check: Callable[[T], Checked[T]],
    call_context: CallContext,
    log_probabilities: bool = False,
) -> Answered[T] | Failed:
    """Return the model's answer as *output*, checked by *check*; an answer with problems is repaired.

    It is asked for again once, and a second time where nothing is usable yet. When repairs fail, the answer with the
    most usable entries counts, the last of equals. When no answer is usable, all are taken out of the cache, so that
    another run makes the calls again. BudgetError before a call that the budget does not hold; ModelUnavailableError,
    ConfigError, PromptTooLongError and ModelAnswerError as `retry.sending` raises them.
    """

    def send(refused: Collection[str]) -> AIMessage:
        asked = bound(model, prompt, output, log_probabilities=log_probabilities, refused=refused)
        try:
            answer = asked.invoke(messages, call_context.config)
        except IndexError:  # no choices
            return AIMessage("")
        return cast("AIMessage", answer["raw"] if isinstance(answer, dict) else answer)

    messages: list[BaseMessage] = list(prompt.messages)
    best: Answered[T] | None = None
    most_kept = 1
    reply = Reply("")
    reasons: Sequence[str] = ()
    before: tuple[str, Sequence[str]] | None = None
    outcome: CallOutcome = "invalid"
    first, keys = len(call_context.calls), list[bytes]()
    for turn in range(1 + REPAIRS):
        had = model.tokens_out
        with Call(model, prompt, call_context, count_messages(model, messages, output), repair=turn > 0) as call:
            with call.under_way():
                message = adapted(model, send)
            reply = read_reply(message, output)
            checked, reasons, outcome = _checked(reply, output, check)
            call.answered(message, outcome)
        if call.key is not None:
            keys.append(call.key)
        if checked is not None and outcome == "answered":
            return Answered(checked.value, tuple(call_context.calls[first:]), message)
        if checked is not None and checked.kept >= most_kept:
            best, most_kept = Answered(checked.value, (), message, checked.problems), checked.kept
        if outcome == "refused" or (turn and best is not None):
            break
        if reply.reason == _ONLY_REASONED:
            if call.dry_run or not (model.needs(4 * had) or model.tokens_out > had):
                break
            if model.cache is not None and call.key is not None:
                model.cache.forget([call.key])
            continue
        said = AIMessage(reply.said[:_MOST_RAW] or "(nothing)")
        if before is not None and (" ".join(reply.said.split()), reasons) == before:
            break  # the same mistake again: the same question would get it a third time
        before = " ".join(reply.said.split()), reasons
        messages = [*prompt.messages, said, HumanMessage(repair_text(reasons[:_MOST_PROBLEMS]))]
    calls = tuple(call_context.calls[first:])
    if best is not None:
        return Answered(best.value, calls, best.message, best.problems)
    if model.cache is not None:
        model.cache.forget(keys)
    return Failed("; ".join(reasons[:_MOST_PROBLEMS]), reply.said, outcome, calls)


def _checked(
    reply: Reply, output: type[T], check: Callable[[T], Checked[T]], problems: tuple[Problem, ...] = ()
) -> tuple[Checked[T] | None, Sequence[str], CallOutcome]:
    """Return what of a reply is usable, what is wrong with it, and the outcome of its call.

    An entry of a list that is not as it should be is left out, and the others count.
    """
    if reply.value is None:
        return None, (reply.reason,), reply.outcome
    try:
        checked = check(output.model_validate(reply.value))
    except ValidationError as exc:
        left, wrong = _without_wrong_entries(reply.value, exc)
        if not wrong:
            return None, _reasons(exc), "invalid"
        return _checked(replace(reply, value=left), output, check, (*problems, *wrong))
    problems += checked.problems
    reasons = [problem.reason for problem in problems]
    return replace(checked, problems=problems), reasons, checked.outcome if reasons else "answered"


def _without_wrong_entries(value: dict[str, Any], exc: ValidationError) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return *value* without the entries that are wrong, and a problem for each; none where it is not entries alone."""
    wrong: dict[tuple[str, int], str] = {}
    for one, reason in zip(exc.errors(include_url=False, include_context=False), _reasons(exc, most=None), strict=True):
        match one["loc"]:
            case (str(name), int(place), *_) if len(value[name]) > 1:
                wrong.setdefault((name, place), reason)
            case _:
                return value, ()
    raw = [json.dumps(value[name][place], ensure_ascii=False) for name, place in wrong]
    left = {
        name: [one for place, one in enumerate(entries) if (name, place) not in wrong]
        for name, entries in value.items()
        if any(name == of for of, _ in wrong)
    }
    return {**value, **left}, tuple(map(Problem, wrong.values(), raw))


def stream_text(model: LanguageModel, prompt: Rendered, call_context: CallContext) -> Iterator[str]:
    """Yield the model's answer in plain text as it comes; the call is recorded when it has ended."""
    messages = list(prompt.messages)

    def begin(refused: Collection[str]) -> tuple[AIMessageChunk | None, Iterator[AIMessageChunk]]:
        chunks = model.chat_without(refused).stream(messages, call_context.config, **model.arguments)
        return next(chunks, None), chunks

    with Call(model, prompt, call_context, count_messages(model, messages, None)) as call:
        with call.under_way():
            chunk, rest = adapted(model, begin)
        whole = None  # a model that does not stream gives one message, which is no chunk
        try:
            while chunk is not None:
                whole = chunk if whole is None else whole + chunk
                if text := str(chunk.text):
                    yield text
                chunk = next(rest, None)
        finally:  # whoever stops listening has paid for what came
            message = whole or AIMessage("")
            call.answered(message, "answered" if message.text else "empty")


def _reasons(exc: ValidationError, *, most: int | None = _MOST_PROBLEMS) -> list[str]:
    """Return pydantic's complaints, without the values, which users may have written."""
    found = exc.errors(include_input=False, include_url=False, include_context=False)
    return [f"{'.'.join(str(part) for part in one['loc']) or 'answer'}: {one['msg']}" for one in found[:most]]


@dataclass(frozen=True)
class Reply:
    """The value that a message holds, or why it holds none; `said` is without what the model reasoned before."""

    said: str
    value: dict[str, Any] | None = None
    reason: str = ""
    outcome: CallOutcome = "answered"


def read_reply(message: AIMessage, output: type[Model]) -> Reply:  # noqa: PLR0911 (one a way to fail)
    """Return the JSON object that a message holds, as the arguments of a function or in its text.

    Reasoning and words around the object are ignored. An incomplete object is an invalid answer, and so are two
    different ones: which of them is meant would be a guess.
    """
    said = _said(message)
    finish = message.response_metadata.get("finish_reason") or message.response_metadata.get("stop_reason")
    if _is_refusal(message, said, finish):
        return Reply(said or str(message.additional_kwargs.get("refusal") or ""), None, "the model refused", "refused")
    called = _called(message)
    if finish in _CUT_OFF:
        return Reply(said or called, None, _CUT if said.strip() or called else _ONLY_REASONED, "truncated")
    found, broken, meant = list[dict[str, Any]](), "", list[dict[str, Any]]()
    for text in filter(str.strip, (called, said)):
        found, broken = _objects(text, output)
        meant = _meant(found, output)
        if meant or broken:
            break
    said = said if said.strip() else called
    if not said:
        return Reply(said, None, "the answer was empty", "empty")
    if broken:
        return Reply(said, None, f"the answer is not one complete JSON object: {broken}", "invalid")
    if len(meant) > 1:
        return Reply(said, None, f"there are {len(meant)} different JSON objects in the answer", "invalid")
    if not found:
        return Reply(said, None, "there is no JSON object in the answer", "invalid")
    return Reply(said, (meant or found)[-1])


def _said(message: AIMessage) -> str:
    """Return the text of a message after its reasoning."""
    text = str(message.text).encode("utf-8", "replace").decode()  # half of a character has no place in a text
    end = max((text.rfind(mark) + len(mark) for mark in _REASONED if mark in text), default=0)
    return "" if not end and text.lstrip().startswith(_REASONING) else text[end:]


def _called(message: AIMessage) -> str:
    """Return the arguments of the functions that a message calls, as they came where they are no JSON."""
    called = [json.dumps(call["args"]) for call in message.tool_calls]
    called += [str(call["args"] or "") for call in message.invalid_tool_calls]
    old_form = message.additional_kwargs.get("function_call") or {}
    return "\n".join((*called, str(old_form.get("arguments") or ""))).encode("utf-8", "replace").decode().strip()


def _objects(text: str, output: type[Model]) -> tuple[list[dict[str, Any]], str]:
    """Return the complete JSON objects in *text*, and what is wrong with one after the last that can be *output*."""
    found: list[dict[str, Any]] = []
    broken = ""
    start = text.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as exc:
            end = start + 1
            if not broken and _BEGINS.match(text, start):
                broken = (
                    f"{exc.msg} at character {exc.pos}" if isinstance(exc, json.JSONDecodeError) else "not readable"
                )
        else:
            found.append(value)
            broken = "" if _meant([value], output) else broken
        start = text.find("{", end)
    return found, broken


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose fields were named once each."""
    made = dict(pairs)
    if any(made[name] != value for name, value in pairs):
        raise ValueError("a field has two values")
    return made


def _not_a_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_once, parse_constant=_not_a_number)


def _meant(objects: Sequence[dict[str, Any]], output: type[Model]) -> list[dict[str, Any]]:
    """Return the different ones of *objects* that have the fields of *output*: all of them, or else those required."""
    every = set(output.model_fields)
    needed = {name for name, field_ in output.model_fields.items() if field_.is_required()}
    inside = [value for one in objects for value in one.values() if isinstance(value, dict)]
    for among in (objects, inside):
        for fields in (every, needed):
            having = [one for one in among if fields <= one.keys()]
            if having:
                return [one for place, one in enumerate(having) if one not in having[:place]]
    return []


def _is_refusal(message: AIMessage, said: str, finish: Any) -> bool:
    if message.additional_kwargs.get("refusal") or finish in _REFUSED:
        return True
    parts = message.content if isinstance(message.content, list) else ()
    if any(isinstance(part, dict) and "refusal" in (part.get("type"), *part) for part in parts):
        return True
    plain = said.strip().replace("\u2019", "'").casefold()
    return "{" not in plain and plain.startswith(_REFUSING)
