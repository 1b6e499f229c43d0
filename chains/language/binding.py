"""The chat model made to answer by a schema, and the tokens that a prompt takes with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableParallel

from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.schemas import grammar_schema, schema_of
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

__all__ = ["bound", "count_messages", "count_prompt"]

_MESSAGE_TOKENS = 4


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
        raise ConfigError(f"{model.name} can't be asked by {model.method} ({exc}); set another method") from exc
    first = getattr(made, "first", None)
    if isinstance(first, RunnableParallel) and "raw" in first.steps__:
        return first.steps__["raw"]  # without the reader behind it, whose work would be thrown away
    return cast("Runnable[Any, Any]", made)
