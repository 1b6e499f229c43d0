"""What goes to OpenAI is what LangChain's own chat model would send, whoever writes it down."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from persona_db.chains.language.openai_chat import LeanChatOpenAI
from persona_db.chains.language.output_schema import schema_of
from persona_db.chains.language.outputs import Distillation

MESSAGES = [SystemMessage("Say what is stated."), HumanMessage('i1 | "Trains" are late.\n\u2028 …')]


def completion(finish: str, content: str) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def asked(kind: type[ChatOpenAI], answer: dict[str, Any], method: Any, **given: Any) -> tuple[dict[str, Any], Any]:
    """The body of the one request made, and what came back."""
    bodies: list[dict[str, Any]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        bodies.append({"path": request.url.path, **json.loads(request.content)})
        return httpx.Response(200, json=answer)

    client = httpx.Client(transport=httpx.MockTransport(respond))
    chat: Any = kind(model="m", api_key="none", base_url="http://test/v1", max_retries=0, http_client=client, **given)
    if method is not None:
        schema = {"title": "Distillation", **schema_of(Distillation)}
        strict = {} if method == "json_mode" else {"strict": True}
        chat = chat.with_structured_output(schema, method=method, include_raw=True, **strict)
        chat = chat.first.steps__["raw"]
    told = chat.invoke(MESSAGES)
    (body,) = bodies
    return body, told


@pytest.mark.parametrize("method", [None, "json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("given", [{}, {"temperature": 0.0, "seed": 3, "extra_body": {"cache_prompt": False}}])
def test_the_request_is_the_same(method: str | None, given: dict[str, Any]) -> None:
    """Whatever way of structure is asked for; only the order of the fields is its own."""
    answer = completion("stop", '{"facts": []}')
    theirs, _ = asked(ChatOpenAI, answer, method, **given)
    ours, message = asked(LeanChatOpenAI, answer, method, **given)
    assert ours == theirs
    assert len(ours["messages"]) == 2
    assert message.content == '{"facts": []}'
    assert message.usage_metadata["input_tokens"] == 7


def test_an_answer_cut_off_is_returned() -> None:
    """ChatOpenAI raises, and what was said and paid is then only in the exception."""
    _, message = asked(LeanChatOpenAI, completion("length", '{"facts": ['), "json_schema")
    assert message.content == '{"facts": ['
    assert message.response_metadata["finish_reason"] == "length"


def test_the_responses_api_is_asked_as_ever() -> None:
    """Its requests have other fields, of which none is touched."""
    answer = {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "tools": [],
        "parallel_tool_calls": False, "tool_choice": "auto",
        "output": [
            {"id": "o", "type": "message", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": "{}", "annotations": []}]},
        ],
    }  # fmt: skip
    theirs, _ = asked(ChatOpenAI, answer, "json_schema", use_responses_api=True)
    ours, message = asked(LeanChatOpenAI, answer, "json_schema", use_responses_api=True)
    assert ours == theirs
    assert ours["path"] == "/v1/responses"
    assert message.text == "{}"
