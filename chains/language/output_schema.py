"""The chat model made to answer by a schema, and the tokens that a prompt takes with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.utils.function_calling import convert_to_openai_function
from pydantic import BaseModel

from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.prompts import Rendered
from persona_db.graph.errors import ModelConfigError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

__all__ = ["bound", "count_messages", "count_prompt", "schema_of"]

_MESSAGE_TOKENS = 4
_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_NOTES = ("discriminator", "default", "title")
_ENTRY_TOKENS = 160
_CAPS = {"maxLength": (1_000, 120), "maxItems": (40, 3)}
"""Under a grammar a limit of at most the first becomes at most the second, so that an entry has 160 tokens; options and
their probabilities have higher limits and keep them."""
_OPENAI = ("openai", "azure_openai", "llama")
"""Providers whose chat model is LangChain's for OpenAI."""


def bound(
    model: LanguageModel, prompt: Rendered, output: type[Model], *, log_probabilities: bool
) -> Runnable[Any, Any]:
    """Return the chat model made to answer with *output*, made once for each form of it.

    Under a grammar a small model lists entries without end, so there the schema bounds them by what *prompt* asks for
    and by what one answer has room for.
    """
    room = max(1, model.settings.max_tokens_out // _ENTRY_TOKENS)
    entries = min(prompt.max_entries or room, room) if model.grammar else None
    key = f"{output.__name__} {entries} {log_probabilities}"
    if key not in model.bound:
        schema = {"title": output.__name__, **schema_of(output, entries)}
        model.bound[key] = _structured(model, schema, log_probabilities=log_probabilities)
    return cast("Runnable[Any, Any]", model.bound[key])


def count_prompt(model: LanguageModel, prompt: Rendered, output: type[Model]) -> int:
    """Return about how many tokens the prompt is, with the schema of its answer."""
    return count_messages(model, prompt.messages, output)


def count_messages(model: LanguageModel, messages: Sequence[BaseMessage], output: type[Model] | None) -> int:
    """Return about how many tokens messages and schema are; hosted models are billed for the schema as well."""
    tokens = model.count_tokens("\n".join(str(message.content) for message in messages))
    tokens += _MESSAGE_TOKENS * len(messages)
    if output is not None and model.method in ("json_schema", "function_calling") and not model.grammar:
        key = f"tokens of {output.__name__}"
        if key not in model.bound:
            model.bound[key] = model.count_tokens(json.dumps(schema_of(output)))
        tokens += cast("int", model.bound[key])
    return tokens


def _structured(model: LanguageModel, schema: dict[str, Any], *, log_probabilities: bool) -> Runnable[Any, Any]:
    chat = model.chat
    if model.method is None:
        return chat  # words alone ask for it
    extra: dict[str, Any] = {"logprobs": True, "top_logprobs": 10} if log_probabilities else {}
    strict = model.provider in ("openai", "azure_openai")
    completions = model.provider in _OPENAI and getattr(chat, "use_responses_api", True) is not True
    if completions and model.method in ("json_schema", "json_mode"):
        # OpenAI's client sends `extra_body` as it is. As an argument it walks the schema by every type that it may
        # have, which is half the CPU of a call, and raises where an answer was cut off.
        body = {**(getattr(chat, "extra_body", None) or {}), "response_format": {"type": "json_object"}}
        if model.method == "json_schema":
            function = convert_to_openai_function(schema, strict=strict)
            function["schema"] = function.pop("parameters")
            body["response_format"] = {"type": "json_schema", "json_schema": function}
        return chat.bind(extra_body=body, **extra)
    if strict and model.method != "json_mode":
        extra["strict"] = True
    try:
        return chat.with_structured_output(schema, method=model.method, include_raw=True, **extra)
    except (NotImplementedError, TypeError, ValueError) as exc:
        raise ModelConfigError(f"{model.name} can't be asked by {model.method} ({exc}); set another method") from exc


@cache
def schema_of(output: type[BaseModel], entries: int | None = None) -> dict[str, Any]:
    """Return the schema of *output* as strict modes take it, without limits.

    With *entries* it has the limits of a grammar, and at most that many facts or traits. It is one object for all:
    do not change it.
    """
    schema = cast("dict[str, Any]", _strict(output.model_json_schema(), bounded=entries is not None))
    for name in ("facts", "traits"):
        if entries and name in schema["properties"]:
            schema["properties"][name]["maxItems"] = entries
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
