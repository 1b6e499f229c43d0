"""Options of the command line are the settings of a model."""

from __future__ import annotations

from typing import get_args

import pytest

from persona_db.chains.language import settings
from persona_db.chains.language.models import open_model
from persona_db.chains.language.settings import ModelSettings
from persona_db.cli import language
from persona_db.cli.language import settings_of
from persona_db.graph.errors import ConfigError


def test_the_words_of_the_options_are_those_of_the_settings() -> None:
    """They stand twice, so that `--help` imports no model."""
    assert get_args(language.Method) == get_args(settings.Method)
    assert get_args(language.Reasoning) == get_args(settings.Reasoning)


def test_the_options_make_the_settings_and_the_settings_the_options() -> None:
    """What was not given is not chosen."""
    made = settings_of("m", temperature=0.5, concurrency=2, method="text", max_tokens=99, reasoning="low")
    assert made == ModelSettings(
        temperature=0.5, concurrency=2, method="text", max_tokens_out=99, reasoning="low"
    )  # fmt: skip
    assert made is not None
    given = ["--temperature", "0.5", "--concurrency", "2", "--method", "text", "--max-tokens", "99"]
    assert made.command == [*given, "--reasoning", "low"]
    usual = settings_of("m")
    assert usual is not None
    assert (usual.model_fields_set, usual.command) == (set(), ["--temperature", "0.0", "--concurrency", "8"])
    with pytest.raises(ConfigError, match="--max-tokens is for a language model"):
        settings_of(None, max_tokens=99)


def test_a_dry_run_opens_a_model_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others say which key is missing."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert open_model("openai:gpt-4.1-mini", dry_run=True).name == "openai:gpt-4.1-mini"
    with pytest.raises(ConfigError, match="provider"):
        open_model("nowhere:model", dry_run=True)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        open_model("openai:gpt-4.1-mini")
