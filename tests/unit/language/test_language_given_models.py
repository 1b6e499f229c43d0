"""Chat models that somebody made, bound or wrapped: they are asked as they are, or it is said that they can't be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.predict import predict_contexts
from persona_db.chains.results import Context
from persona_db.graph.errors import ModelConfigError
from persona_db.graph.models import Question
from tests.language_server import LanguageServer
from tests.unit.language.scripted import Scripted

CONTEXT = Context(
    user="u", question=Question(id="q", text="More?", options=("no", "yes")), items=(), size=1, borrowed=0
)  # fmt: skip


class HomeMade(BaseChatModel):
    """A chat model somebody wrote: no `_identifying_params`, told apart by its fields."""

    model_id: str = ""
    said: Any = "yes"
    api_key: SecretStr = SecretStr("sk-1")
    _hidden: list[str] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "home-made"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self._hidden.append(str(kwargs))
        told = self.said if isinstance(self.said, str) else self.said()
        stated = [{"option": option, "probability": float(option == told)} for option in ("no", "yes")]
        answer = {"answer": told, "probabilities": stated, "explanation": "x", "evidence": []}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(json.dumps(answer)))])


class Silent(HomeMade):
    """Another class, with nothing of its own."""


class Bare(BaseChatModel):
    """A chat model without fields."""

    @property
    def _llm_type(self) -> str:
        return "bare"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError


class Ours(ChatOpenAI):
    """A class made of a provider's."""

    persona: str = ""


def opened(chat: Any, path: Path) -> LanguageModel:
    return open_model(chat, cache=path / "calls.sqlite")


def answer(chat: Any, path: Path) -> tuple[str, bool]:
    """What the model says, and whether the cache said it."""
    made = predict_contexts(opened(chat, path), [CONTEXT])[0]
    return made.prediction.answer, made.calls[0].cached


def test_models_of_one_class_are_told_apart_by_their_fields(tmp_path: Path) -> None:
    """Each has its own answers in the cache, and in a Fit; a key makes no difference."""
    first, second = HomeMade(model_id="first"), HomeMade(model_id="second", said="no")
    assert [answer(first, tmp_path), answer(second, tmp_path)] == [("yes", False), ("no", False)]
    again = HomeMade(model_id="first", api_key=SecretStr("sk-2"))
    assert [answer(again, tmp_path), answer(second, tmp_path)] == [("yes", True), ("no", True)]
    assert answer(Silent(model_id="first"), tmp_path) == ("yes", False)
    identities = {LanguageEngine(opened(chat, tmp_path)).identity for chat in (first, second, again)}
    assert len(identities) == 2
    assert b"sk-1" not in (tmp_path / "calls.sqlite").read_bytes()


def test_a_model_that_nothing_tells_from_others_is_not_cached(tmp_path: Path) -> None:
    """Every call is made."""
    for told in ("yes", "no"):
        assert answer(HomeMade(model_id="same", said=lambda told=told: told), tmp_path) == (told, False)
    for chat in (Bare(), GenericFakeChatModel(messages=iter(())), HomeMade(said=object())):
        assert opened(chat, tmp_path).cache is None


def test_a_class_that_says_what_counts_is_believed(tmp_path: Path) -> None:
    """As LangChain has it; fields that somebody added to a provider's class count too."""
    chats = [
        Scripted(script=lambda _: "x", label="a"), Scripted(script=lambda _: "x", label="b"),
        ChatOpenAI(model="m", api_key=SecretStr("none")), Ours(model="m", api_key=SecretStr("none"), persona="a"),
        Ours(model="m", api_key=SecretStr("none"), persona="b"),
    ]  # fmt: skip
    caches = [opened(chat, tmp_path).cache for chat in chats]
    assert len({kept.key("p", "s") for kept in caches if kept is not None}) == len(chats)


def test_what_is_bound_goes_with_each_request(language_server: LanguageServer) -> None:
    """And a retry, which there is anyway, is taken off; the config's tags are heard."""
    chat = ChatOpenAI(
        model="m", api_key=SecretStr("none"), base_url=language_server.base_url, max_retries=0, temperature=0.3
    )  # fmt: skip
    wrapped = chat.bind(top_p=0.5).with_config(tags=["mine"]).with_retry()
    assert predict_contexts(open_model(wrapped), [CONTEXT])[0].prediction.outcome == "answered"
    body = language_server.answered[0].asked.body
    assert (body["top_p"], body["temperature"], body["response_format"]["type"]) == (0.5, 0.3, "json_schema")
    assert (open_model(wrapped).config or {}).get("tags") == ["mine"]


def test_what_is_bound_reaches_a_model_that_is_asked_in_words() -> None:
    """As an argument of each call."""
    chat = HomeMade()
    model = open_model(chat.bind(stop_at="x"))
    predict_contexts(model, [CONTEXT])
    assert isinstance(model.chat, HomeMade)
    assert "'stop_at': 'x'" in model.chat._hidden[0]


@pytest.mark.parametrize(
    "wrapped",
    [
        HomeMade().with_fallbacks([HomeMade()]),
        HomeMade().configurable_fields(model_id=ConfigurableField(id="model")),
        RunnableLambda(lambda _: "x"),
        HomeMade() | RunnableLambda(lambda _: "x"),
        FakeListLLM(responses=["x"]),
        ParrotFakeChatModel,
        None,
        7,
    ],
)
def test_what_is_no_chat_model_is_said(wrapped: Any) -> None:
    """In one line, with what to give."""
    with pytest.raises(ModelConfigError, match="is no chat model; give one chat model itself"):
        open_model(wrapped)
