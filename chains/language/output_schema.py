"""The chat model made to answer by a schema, without what its provider refuses, and the tokens that a prompt takes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from langchain_core.messages import BaseMessage
from langchain_core.utils.function_calling import convert_to_openai_function
from pydantic import BaseModel

from persona_db.chains.language.models import LONGER, NEW_LIMIT, LanguageModel
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.retry import sending, status_of
from persona_db.graph.errors import ModelConfigError, PersonaDBError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

__all__ = ["adapted", "bound", "count_messages", "count_prompt", "schema_of"]

log = logging.getLogger(__name__)

T = TypeVar("T")
_MESSAGE_TOKENS = 4
_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_NOTES = ("discriminator", "default", "title")
_ENTRY_TOKENS = 160
_CAPS = {"maxLength": (1_000, 120), "maxItems": (40, 3)}
"""Under a grammar a limit of at most the first becomes at most the second, so that an entry has 160 tokens; options and
their probabilities have higher limits and keep them."""
_OPENAI = ("openai", "azure_openai", "llama")
"""Providers whose chat model is LangChain's for OpenAI."""

_REFUSING = frozenset({400, 404, 405, 415, 422, 500, 501})
_FORMAT = ("response_format", "response format", "structured output", "json_", "json mode", "schema")
_CALLED = {
    LONGER: ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "in the completion"),
    "temperature": ("temperature",), "seed": ("seed",), "logprobs": ("logprobs",), NEW_LIMIT: (NEW_LIMIT,),
    "json_schema": _FORMAT, "json_mode": _FORMAT, "function_calling": ("tool", "function"),
}  # fmt: skip
"""Words by which providers name what they refuse."""


def adapted(model: LanguageModel, send: Callable[[Collection[str]], T]) -> T:
    """Return what *send* returns, sent again without each method or setting that the provider refuses.

    *send* is given what is refused so far. What a request that was answered went without is remembered, in the cache
    for later runs as well. Errors are those of `sending`.
    """
    found: set[str] = set()
    while True:
        refused = frozenset(model.refused)
        try:
            made = sending(
                lambda: send(refused),  # noqa: B023 (called at once)
                limiter=model.limiter, attempts=model.settings.attempts, model=model.name,
            )  # fmt: skip
        except PersonaDBError as exc:
            part = _refused_part(model, refused, exc.__cause__)
            if part is None:
                model.refused.difference_update(found)
                raise
            log.info("%s refuses %s: asked without", model.name, part)
            found.add(part)
            model.refused.add(part)
        else:
            if found and model.cache is not None:
                model.cache.refuse(found)
            return made


def _refused_part(model: LanguageModel, refused: Collection[str], exc: BaseException | None) -> str | None:
    """Return the part of a request that the provider's error names and that it may go without; else None."""
    if (status_of(exc) or 0) not in _REFUSING:
        return None
    said = str(exc).casefold()
    parts = [*model.optional, "logprobs"]
    if model.tokens_out > model.settings.max_tokens_out:
        parts.insert(0, LONGER)
    if len(model.methods) > 1:
        parts.append(next((one for one in model.methods if one not in refused), "text"))
    sent = (part for part in parts if part not in refused)
    return next((part for part in sent if any(word in said for word in _CALLED.get(part, ()))), None)


def bound(
    model: LanguageModel,
    prompt: Rendered,
    output: type[Model],
    *,
    log_probabilities: bool,
    refused: Collection[str] = (),
) -> Runnable[Any, Any]:
    """Return the chat model made to answer with *output*, without what is *refused*; made once for each form of it.

    Under a grammar a small model lists entries without end, so there the schema bounds them by what *prompt* asks for
    and by what one answer has room for.
    """
    room = max(1, model.settings.max_tokens_out // _ENTRY_TOKENS)
    entries = min(prompt.max_entries or room, room) if model.grammar else None
    options = prompt.max_entries if model.grammar else None
    key = f"{output.__name__} {entries} {options} {log_probabilities} {sorted(refused)} {model.tokens_out}"
    if key not in model.bound:
        schema = {"title": output.__name__, **schema_of(output, entries, options)}
        extra: dict[str, Any] = {"logprobs": True, "top_logprobs": 10} if log_probabilities else {}
        if "logprobs" in refused:
            extra = {}
        made = _structured(model, model.chat_without(refused), schema, refused, {**model.arguments, **extra})
        model.bound[key] = made.with_config(model.config) if model.config else made
    return cast("Runnable[Any, Any]", model.bound[key])


def count_prompt(model: LanguageModel, prompt: Rendered, output: type[Model]) -> int:
    """Return about how many tokens the prompt is, with the schema of its answer."""
    return count_messages(model, prompt.messages, output)


def count_messages(model: LanguageModel, messages: Sequence[BaseMessage], output: type[Model] | None) -> int:
    """Return about how many tokens messages and schema are; hosted models are billed for the schema as well."""
    tokens = model.count_tokens("\n".join(str(message.content) for message in messages))
    tokens += _MESSAGE_TOKENS * len(messages)
    if output is not None and model.methods[0] in ("json_schema", "function_calling") and not model.grammar:
        key = f"tokens of {output.__name__}"
        if key not in model.bound:
            model.bound[key] = model.count_tokens(json.dumps(schema_of(output)))
        tokens += cast("int", model.bound[key])
    return tokens


def _structured(
    model: LanguageModel, chat: BaseChatModel, schema: dict[str, Any], refused: Collection[str], extra: dict[str, Any]
) -> Runnable[Any, Any]:
    """Return *chat* asked by the best method that is not *refused*; ways that its class does not have are refused."""
    method = next((one for one in model.methods if one not in refused), "text")
    if method == "text":
        return chat.bind(**extra) if extra else chat  # words alone ask for it
    strict = model.provider in ("openai", "azure_openai")
    completions = model.provider in _OPENAI and getattr(chat, "use_responses_api", True) is not True
    if completions and method in ("json_schema", "json_mode"):
        # OpenAI's client sends `extra_body` as it is. As an argument it walks the schema by every type that it may
        # have, which is half the CPU of a call, and raises where an answer was cut off.
        given = {**(getattr(chat, "extra_body", None) or {}), **extra.get("extra_body", {})}
        body = {**given, "response_format": {"type": "json_object"}}
        if method == "json_schema":
            function = convert_to_openai_function(schema, strict=strict)
            function["schema"] = function.pop("parameters")
            body["response_format"] = {"type": "json_schema", "json_schema": function}
        return chat.bind(**{**extra, "extra_body": body})
    if strict and method != "json_mode":
        extra = {**extra, "strict": True}
    try:
        return chat.with_structured_output(schema, method=method, include_raw=True, **extra)
    except (NotImplementedError, TypeError, ValueError) as exc:
        if len(model.methods) > 1:
            return _structured(model, chat, schema, {*refused, method}, extra)
        raise ModelConfigError(f"{model.name} can't be asked by {method} ({exc}); set another method") from exc


@cache
def schema_of(output: type[BaseModel], entries: int | None = None, options: int | None = None) -> dict[str, Any]:
    """Return the schema of *output* as strict modes take it, without limits.

    With *entries* it has the limits of a grammar, and at most that many facts or traits, and as many probabilities as
    there are *options*. It is one object for all: do not change it.
    """
    schema = cast("dict[str, Any]", _strict(output.model_json_schema(), bounded=entries is not None))
    for name, most in (("facts", entries), ("traits", entries), ("probabilities", options)):
        if entries and most and name in schema["properties"]:
            schema["properties"][name]["maxItems"] = most
    return schema


def _strict(schema: Any, *, bounded: bool) -> Any:
    """Return *schema* with every property required and nothing beside them; without limits unless *bounded*."""
    if isinstance(schema, list):
        return [_strict(one, bounded=bounded) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name in ("properties", "$defs"):
            made[name] = {key: _strict(one, bounded=bounded) for key, one in value.items()}
        elif bounded and name in _CAPS and value <= _CAPS[name][0]:
            made[name] = min(value, _CAPS[name][1])
        elif name not in _NOTES and (bounded or name not in _LIMITS):
            made["anyOf" if name == "oneOf" else name] = _strict(value, bounded=bounded)
    if "properties" in made:
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    return made
