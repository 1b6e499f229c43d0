"""The JSON schema of an output, as providers take it.

Strict modes want every property required and refuse limits of length: those are checked when an answer is read. Where
the schema steers every token (a grammar is made of it) more can be asked for: then a small model can't write on for
ever, nor name or quote what there is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from pydantic import BaseModel

from persona_db.chains.language.outputs import QuotedItem
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.quoting import defused

__all__ = ["grammar_schema", "schema_of"]

_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_NOTES = ("discriminator", "default", "title", "x-is", "x-max", "x-min", "x-pattern")
_QUOTED = QuotedItem.__name__
_MOST_QUOTABLE = 20_000
_WORDS_A_QUOTE = 12
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


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
