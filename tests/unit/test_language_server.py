"""The scripted server speaks the protocol that LangChain's client speaks, faults included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from persona_db.chains.language.outputs import Distillation, Induction, PredictedAnswer, Reaction
from tests.language_server import ANSWER_FAULTS, Drop, Hang, LanguageServer, Status

HISTORY = "<data-abc>\ni1 | The trains are late again. Every day.\ni2 | I love the forest.\n</data-abc>"
FACTS = "<data-abc>\nf1 | Complains about trains.\nf2 | Loves forests and trains.\n</data-abc>"
ASKED = f"{HISTORY}\nThe options:\n<options-abc>\nyes\nno\n</options-abc>"


@pytest.fixture
def server() -> Iterator[LanguageServer]:
    with LanguageServer() as opened:
        yield opened


def model(server: LanguageServer, **given: Any) -> ChatOpenAI:
    told = {"model": "scripted", "base_url": server.base_url, "api_key": "none", "max_retries": 0} | given
    return ChatOpenAI(**told)


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize(
    ("prompt", "output"), [(HISTORY, Distillation), (FACTS, Induction), (ASKED, PredictedAnswer), (ASKED, Reaction)]
)
def test_it_does_as_it_is_told(server: LanguageServer, method: Any, prompt: str, output: type[BaseModel]) -> None:
    """Whatever is asked for, and however, the answer is one, and rests on what the prompt has."""
    if method == "json_mode":
        prompt = f"{prompt}\n\nReturn JSON of this schema: {output.model_json_schema()!r}".replace("'", '"')
    with_structure = model(server).with_structured_output(output, method=method, include_raw=True, strict=None)
    told = with_structure.invoke(prompt)
    assert isinstance(told, dict)
    assert told["parsing_error"] is None
    assert isinstance(told["parsed"], output)
    assert told["raw"].usage_metadata["input_tokens"] > 10
    assert [(call.asked.task in ("distil", "induce", "predict", "react"), call.answered) for call in server.calls] == [
        (True, True)
    ]


def test_a_distilled_fact_quotes_its_item(server: LanguageServer) -> None:
    """In the words that the item begins with."""
    told = model(server).with_structured_output(Distillation, method="json_schema").invoke(HISTORY)
    assert isinstance(told, Distillation)
    assert [(item.id, item.quote) for fact in told.facts for item in fact.items] == [
        ("i1", "The trains are late again. Every day."),
        ("i2", "I love the forest."),
    ]


@pytest.mark.parametrize("fault", list(ANSWER_FAULTS))
def test_no_faulty_answer_can_be_used(server: LanguageServer, fault: str) -> None:
    """Each of them fails to be one of the options in proper form."""
    server.fail(ANSWER_FAULTS[fault], times=1)
    with_structure = model(server).with_structured_output(
        PredictedAnswer, method="function_calling", include_raw=True, strict=None
    )
    told = with_structure.invoke(ASKED)
    assert isinstance(told, dict)
    if fault == "options misspelt":
        assert told["parsed"].answer not in ("yes", "no")
    else:
        assert told["parsed"] is None
    assert len(server.answered) == 1


def test_faults_of_transport_reach_the_client(server: LanguageServer) -> None:
    """As what they are; and after as many as were told it answers again."""
    server.fail(Status(429, retry_after="7"), times=1)
    server.fail(Status(500), times=1)
    server.fail(Drop(), times=1)
    server.fail(Drop(midway=True), times=1)
    server.fail(Hang(5), times=1)
    asked = model(server, timeout=0.3)
    with pytest.raises(openai.RateLimitError) as limited:
        asked.invoke("hello")
    assert limited.value.response.headers["Retry-After"] == "7"
    with pytest.raises(openai.InternalServerError):
        asked.invoke("hello")
    for _ in range(2):
        with pytest.raises(openai.APIConnectionError):
            asked.invoke("hello")
    with pytest.raises(openai.APITimeoutError):
        asked.invoke("hello")
    assert str(asked.invoke("hello").content).startswith("They would")
    assert len(server.answered) == 1


def test_it_streams(server: LanguageServer) -> None:
    """A word at a time, and together the whole answer."""
    pieces = [str(piece.content) for piece in model(server).stream("<own-a>\ni1 | something\n</own-a>")]
    assert "".join(pieces) == "They would say so, as i1 shows."
    assert len([piece for piece in pieces if piece]) == 7


def test_what_is_held_is_answered_later(server: LanguageServer) -> None:
    """Until then it is on no record."""
    server.hold()
    with pytest.raises(openai.APITimeoutError):
        model(server, timeout=0.2).invoke("hello")
    assert server.calls == []
    server.go_on()
    model(server, timeout=5).invoke("hello")
    assert server.answered
