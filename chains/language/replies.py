"""Reading what a model said: the JSON object in it, or why there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from persona_db.chains.language.calls import CallOutcome

__all__ = ["Reply", "message_of_completion", "read_reply"]

_CUT_OFF = ("length", "max_tokens", "MAX_TOKENS", "model_length")
_REFUSED = ("content_filter", "refusal", "SAFETY")
_REFUSING = (
    "i'm sorry", "i am sorry", "sorry,", "i can't", "i cannot", "i can not", "i won't", "i'm unable", "i am unable",
    "i'm not able", "as an ai",
)  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """A message as it was read: the value in it, or why there is none."""

    said: str
    value: dict[str, Any] | None = None
    reason: str = ""
    outcome: CallOutcome = "answered"


def read_reply(message: AIMessage) -> Reply:  # noqa: PLR0911 (one a way to fail)
    """Return the JSON object that a message holds, as the arguments of a function or in its text.

    Words around the object are passed over; an object that is not complete is none.
    """
    said = _words(message)
    finish = message.response_metadata.get("finish_reason") or message.response_metadata.get("stop_reason")
    if _is_refusal(message, said, finish):
        return Reply(said or str(message.additional_kwargs.get("refusal") or ""), None, "the model refused", "refused")
    if finish in _CUT_OFF:
        reason = "the answer was cut off for its length: name fewer, in fewer words"
        return Reply(said, None, reason, "truncated")
    if message.tool_calls:
        return Reply(said, dict(message.tool_calls[0]["args"]))
    if not said.strip():
        return Reply(said, None, "the answer was empty", "empty")
    start, end = said.find("{"), said.rfind("}")
    if start < 0:
        return Reply(said, None, "there is no JSON object in the answer", "invalid")
    try:
        value = json.loads(said[start : end + 1] if end > start else said[start:])
    except ValueError as exc:
        where = f"{exc.msg} at character {exc.pos}" if isinstance(exc, json.JSONDecodeError) else "not readable"
        return Reply(said, None, f"the answer is not one complete JSON object: {where}", "invalid")
    return Reply(said, value) if isinstance(value, dict) else Reply(said, None, "the answer is no object", "invalid")


def message_of_completion(completion: Any) -> AIMessage:
    """Return as a message what OpenAI's client raises with: a completion that was cut off or filtered."""
    choice = completion.choices[0]
    usage = completion.usage
    return AIMessage(
        content=choice.message.content or "",
        response_metadata={"finish_reason": choice.finish_reason},
        usage_metadata=None
        if usage is None
        else {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
    )


def _words(message: AIMessage) -> str:
    """All that was said: the text, or else the arguments of functions as they came."""
    if text := str(message.text):
        return text
    if message.invalid_tool_calls:
        return str(message.invalid_tool_calls[0].get("args") or "")
    return json.dumps(message.tool_calls[0]["args"], ensure_ascii=False) if message.tool_calls else ""


def _is_refusal(message: AIMessage, said: str, finish: Any) -> bool:
    if message.additional_kwargs.get("refusal") or finish in _REFUSED:
        return True
    parts = message.content if isinstance(message.content, list) else ()
    if any(isinstance(part, dict) and "refusal" in (part.get("type"), *part) for part in parts):
        return True
    plain = said.strip().replace("\u2019", "'").casefold()
    return "{" not in plain and plain.startswith(_REFUSING)
