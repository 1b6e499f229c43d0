"""A chat model in this process that says what a test tells it to, and people to ask it about."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from persona_db.chains.persona import UserHistory
from persona_db.graph.models import HistoryItem
from tests.scripted_answers import Asked, obedient

__all__ = ["Scripted", "asked_of", "does_as_told", "person"]

Answer = str | AIMessage | Exception
Script = Callable[[Sequence[BaseMessage]], Answer]


class Scripted(BaseChatModel):
    """Says what `script` makes of the messages; what it was asked is in `asked`. Takes no schema and no functions."""

    script: Script
    label: str = "scripted"
    _asked: list[Sequence[BaseMessage]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=Lock)

    @property
    def asked(self) -> list[Sequence[BaseMessage]]:
        return self._asked

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"label": self.label}

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._lock:
            self._asked.append(messages)
        said = self.script(messages)
        if isinstance(said, Exception):
            raise said
        message = AIMessage(said) if isinstance(said, str) else said
        return ChatResult(generations=[ChatGeneration(message=message)])


def asked_of(messages: Sequence[BaseMessage]) -> Asked:
    """The messages as the scripted server would get them."""
    role = {"human": "user", "ai": "assistant"}
    return Asked(
        {
            "messages": [{"role": role.get(m.type, m.type), "content": m.content} for m in messages],
            "response_format": {"type": "json_object"},
        }
    )


def does_as_told(messages: Sequence[BaseMessage]) -> str:
    """An answer that holds to all that was asked for."""
    return obedient(asked_of(messages))


def person(user: str = "u1", *, items: int = 3, attributes: Sequence[str] = (), words: int = 10) -> UserHistory:
    """Somebody who said so many things, each of so many words."""
    return UserHistory(
        user=user,
        attributes=tuple(attributes),
        items=tuple(
            HistoryItem(
                id=f"{user}/{n}",
                user=user,
                text=" ".join([f"Statement {n} of {user}:", *(f"word{k}" for k in range(words))]),
                at=f"2024-01-{n % 28 + 1:02}",
            )
            for n in range(items)
        ),
    )


def facts(*entries: tuple[str, Sequence[tuple[str, str]]]) -> str:
    """A distillation of (text, [(id, quote)])."""
    return json.dumps(
        {
            "facts": [
                {"text": text, "kind": "stance", "items": [{"id": id_, "quote": quote} for id_, quote in items]}
                for text, items in entries
            ]
        }
    )
