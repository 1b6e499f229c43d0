"""The chat model made to answer by a schema, and the tokens that a prompt takes with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableParallel
from pydantic import BaseModel

from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.outputs import QuotedItem
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.quoting import defused
from persona_db.graph.errors import ModelConfigError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

__all__ = ["bound", "count_messages", "count_prompt", "grammar_schema", "schema_of"]

_MESSAGE_TOKENS = 4
_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_NOTES = ("discriminator", "default", "title", "x-is", "x-max", "x-min", "x-pattern")
_QUOTED = QuotedItem.__name__
_MOST_QUOTABLE = 20_000
_WORDS_A_QUOTE = 12
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


def bound(
    model: LanguageModel, prompt: Rendered, output: type[Model], *, log_probabilities: bool
) -> Runnable[Any, Any]:
    """Return the chat model made to answer with *output*; under a grammar, with what the prompt shows of it."""
    name = output.__name__
    if model.grammar:
        schema = grammar_schema(output, prompt, most=prompt.most or model.most_entries)
        return _structured(model, {"title": name, **schema}, log_probabilities=log_probabilities)
    key = f"{name} {log_probabilities}"
    if key not in model.bound:
        schema = {"title": name, **schema_of(output)}
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
        tokens += _schema_tokens(model, output)
    return tokens


def _schema_tokens(model: LanguageModel, output: type[Model]) -> int:
    key = f"tokens of {output.__name__}"
    if key not in model.bound:
        model.bound[key] = model.count_tokens(json.dumps(schema_of(output)))
    return cast("int", model.bound[key])


def _structured(model: LanguageModel, schema: dict[str, Any], *, log_probabilities: bool) -> Runnable[Any, Any]:
    chat = model.chat
    if model.method is None:
        return chat  # asked by words alone
    extra: dict[str, Any] = {}
    if log_probabilities:
        extra |= {"logprobs": True, "top_logprobs": 10}
    if model.method != "json_mode" and model.provider in ("openai", "azure_openai"):
        extra["strict"] = True
    try:
        made = chat.with_structured_output(schema, method=model.method, include_raw=True, **extra)
    except (NotImplementedError, TypeError, ValueError) as exc:
        raise ModelConfigError(f"{model.name} can't be asked by {model.method} ({exc}); set another method") from exc
    first = getattr(made, "first", None)
    if isinstance(first, RunnableParallel) and "raw" in first.steps__:
        return first.steps__["raw"]  # without the reader behind it, whose work would be thrown away
    return cast("Runnable[Any, Any]", made)


@cache
def schema_of(output: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of *output* without limits. It is the same object each time: do not change it."""
    return cast("dict[str, Any]", _strict(_full(output), {}, bounded=False))


def grammar_schema(output: type[BaseModel], prompt: Rendered, *, most: int) -> dict[str, Any]:
    """Return the schema of *output* with limits, *most* entries at most, and what *prompt* shows as all there is.

    An id is one of the prompt's handles, an option one of its options, and a quote begins a sentence of its item.
    """
    put: dict[str, Any] = {"most": most}
    if prompt.handles:
        put["handle"] = {"type": "string", "enum": list(prompt.handles)}
        if sum(map(len, prompt.texts.values())) <= _MOST_QUOTABLE:
            put[_QUOTED] = {"anyOf": [_quotable(handle, text) for handle, text in prompt.texts.items()]}
    if prompt.options:
        put["option"] = {"type": "string", "enum": list(prompt.options)}
    return cast("dict[str, Any]", _strict(_full(output), put, bounded=True))


def _strict(schema: Any, put: Mapping[str, Any], *, bounded: bool) -> Any:
    if isinstance(schema, list):
        return [_strict(one, put, bounded=bounded) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-is") in put and schema.get("type") == "string":
        return put[schema["x-is"]]
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NOTES or (name in _LIMITS and not bounded):
            continue
        if name in ("properties", "$defs"):
            made[name] = {
                key: put.get(key, {})
                if key == QuotedItem.__name__ and key in put
                else _strict(one, put, bounded=bounded)
                for key, one in value.items()
            }
        else:
            made["anyOf" if name == "oneOf" else name] = _strict(value, put, bounded=bounded)
    if "properties" in made:
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    if bounded:
        most = put.get("most") if schema.get("x-is") == "most" else schema.get("x-max")
        if most is not None:
            made["maxItems" if schema.get("type") == "array" else "maxLength"] = most
        if "x-min" in schema:
            made["minLength"] = schema["x-min"]
        if "x-pattern" in schema:
            made["pattern"] = schema["x-pattern"]
    return made


def _quotable(handle: str, text: str) -> dict[str, Any]:
    """A quoted item that is this one, with the beginnings of its sentences to choose from."""
    sentences = [" ".join(part.split()[:_WORDS_A_QUOTE]) for part in _SENTENCE.split(defused(text)) if part.strip()]
    return {
        "type": "object",
        "properties": {
            "id": {"const": handle},
            "quote": {"type": "string", "enum": list(dict.fromkeys(sentences)) or [handle]},
        },
        "required": ["id", "quote"],
        "additionalProperties": False,
    }


@cache
def _full(output: type[BaseModel]) -> dict[str, Any]:
    return output.model_json_schema()
