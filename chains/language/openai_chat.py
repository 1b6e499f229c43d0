"""OpenAI's chat model, with requests that cost less to make."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI

__all__ = ["LeanChatOpenAI"]

_LONG = ("messages", "tools", "response_format")


class LeanChatOpenAI(ChatOpenAI):
    """ChatOpenAI, of whose requests OpenAI's client sends the long parts as LangChain wrote them.

    The client would go through them by all the types that they may be of, and change nothing: more than half of what
    a call costs in CPU. It does not hold answers against a schema either, so one that was cut off is returned, where
    ChatOpenAI raises. Requests to the Responses API are ChatOpenAI's.
    """

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(*args, **kwargs)
        if "messages" not in payload:
            return payload
        long = {name: payload.pop(name) for name in _LONG if name in payload}
        return payload | {"messages": [], "extra_body": long | (payload.get("extra_body") or {})}
