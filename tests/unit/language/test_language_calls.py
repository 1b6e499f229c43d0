"""Calls: what is kept, what they cost, what may not be exceeded."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from persona_db.chains.calls import CallRecord
from persona_db.chains.language.cache import CallCache
from persona_db.chains.language.call import CACHED, UNRECORDED, Budget, Call, CallContext
from persona_db.chains.language.models import open_model
from persona_db.chains.language.pricing import PRICES, PRICES_OF, Price, about_tokens, price_of, prices_said
from persona_db.chains.language.prompts import distil_prompt
from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.errors import BudgetError, ConfigError
from tests.unit.language.scripted import Scripted, does_as_told


def cache(path: Path, identity: str = "m") -> CallCache:
    return CallCache(path / "calls.sqlite", model="m", identity=identity)


def under_way(*, dry_run: bool = False) -> AbstractContextManager[None]:
    """A call that is looked up in the cache."""
    model = open_model(Scripted(script=does_as_told))
    return Call(model, distil_prompt((), ()), CallContext("distil", "u", dry_run=dry_run), 10).under_way()


def call(cost: float | None = 0.5, *, cached: bool = False, tokens: int = 10) -> CallRecord:
    return CallRecord(
        stage="distil", user="u", model="m", prompt="distil", prompt_hash="h", tokens_in=tokens, tokens_out=tokens,
        cost_usd=cost, seconds=0.1, cached=cached, outcome="answered",
    )  # fmt: skip


def test_an_answer_is_given_again_with_its_usage_and_functions(tmp_path: Path) -> None:
    """The same message, marked as cached."""
    message = AIMessage(
        "hello", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        response_metadata={"finish_reason": "stop"},
    )  # fmt: skip
    kept = cache(tmp_path)
    kept.keep(kept.key("prompt", "model---params"), message)
    again = cache(tmp_path).lookup("prompt", "model---params")
    assert again is not None
    found = again[0].message  # type: ignore[attr-defined]
    assert (found.content, found.tool_calls, found.usage_metadata) == (
        message.content, message.tool_calls, message.usage_metadata,
    )  # fmt: skip
    assert found.response_metadata == {"finish_reason": "stop", CACHED: True, UNRECORDED: True}


def test_what_a_killed_run_paid_for_is_put_on_record_once(tmp_path: Path) -> None:
    """By the first process that finds it; what a process paid for itself, and what is recorded, is never late."""

    def unrecorded(found: CallCache) -> bool:
        again = found.lookup("p", "m---x")
        assert again is not None
        return bool(again[0].message.response_metadata[UNRECORDED])  # type: ignore[attr-defined]

    killed = cache(tmp_path)
    key = killed.key("p", "m---x")
    killed.keep(key, AIMessage("hello"))
    assert not unrecorded(killed)
    with under_way(dry_run=True):
        assert unrecorded(rehearsing := cache(tmp_path))
        assert unrecorded(rehearsing)
    found = cache(tmp_path)
    with under_way():
        assert [unrecorded(found), unrecorded(found)] == [True, False]
    found.record([key])
    assert not unrecorded(cache(tmp_path))


def test_answers_kept_before_there_was_a_mark_count_as_recorded(tmp_path: Path) -> None:
    """A cache of an earlier version is taken as it is."""
    kept = cache(tmp_path)
    key = kept.key("p", "m---x")
    kept.keep(key, AIMessage("hello"))
    with sqlite3.connect(kept.path) as file:
        file.execute("ALTER TABLE answer DROP COLUMN recorded")
    again = cache(tmp_path).lookup("p", "m---x")
    assert again is not None
    assert again[0].message.response_metadata[UNRECORDED] is False  # type: ignore[attr-defined]


def test_prompt_settings_and_what_is_asked_for_make_the_key(tmp_path: Path) -> None:
    """Where a model is described otherwise by LangChain makes no difference."""
    kept = cache(tmp_path)
    kept.keep(kept.key("p", "somewhere---x"), AIMessage("hello"))
    assert kept.lookup("p", "elsewhere---x") is not None
    assert kept.lookup("p", "somewhere---y") is None
    assert kept.lookup("q", "somewhere---x") is None
    assert cache(tmp_path, "other").lookup("p", "somewhere---x") is None


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(""),
        AIMessage("half of a character: \ud83d"),
        AIMessage("x", additional_kwargs={"refusal": "no"}),
        AIMessage("x", response_metadata={"finish_reason": "content_filter"}),
    ],
)
def test_refusals_and_empty_answers_are_not_kept(tmp_path: Path, message: AIMessage) -> None:
    """Another run asks again."""
    kept = cache(tmp_path)
    kept.keep(b"key", message)
    assert kept.lookup("p", "s") is None


def test_answers_in_vain_are_asked_for_again(tmp_path: Path) -> None:
    """They are given no more, until there is a new one."""
    kept = cache(tmp_path)
    key = kept.key("p", "s")
    kept.keep(key, AIMessage("bad"))
    kept.forget([key])
    assert kept.lookup("p", "s") is None
    kept.keep(key, AIMessage("good"))
    assert kept.lookup("p", "s") is not None


def test_many_threads_use_one_cache(tmp_path: Path) -> None:
    """Nothing is lost between them."""
    kept = cache(tmp_path)

    def keep(n: int) -> None:
        for k in range(20):
            kept.keep(kept.key(f"{n} {k}", "s"), AIMessage(f"{n} {k}"))

    threads = [threading.Thread(target=keep, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(kept.lookup(f"{n} {k}", "s") for n in range(8) for k in range(20))


def test_two_processes_use_one_cache_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    """What answered is on disk at once."""
    code = (
        "import sys, os; from pathlib import Path; from langchain_core.messages import AIMessage\n"
        "from persona_db.chains.language.cache import CallCache\n"
        "kept = CallCache(Path(sys.argv[1]) / 'calls.sqlite', model='m', identity='m')\n"
        "kept.keep(kept.key('p', 's'), AIMessage('hello')); os.kill(os.getpid(), 9)\n"
    )
    here = cache(tmp_path)
    assert here.lookup("p", "s") is None
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert here.lookup("p", "s") is not None


def test_a_cache_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    """A file that is none, and a folder that can't be made."""
    (tmp_path / "calls.sqlite").write_text("no database " * 100, encoding="utf-8")
    with pytest.raises(ConfigError, match="delete it"):
        cache(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="PERSONA_DB_CACHE"):
        cache(tmp_path / "file")


def test_accounts_sum_what_was_paid() -> None:
    """Cached calls are counted apart and cost nothing."""
    budget = Budget()
    for one in (call(), call(), call(0.0, cached=True)):
        budget.add(one)
    assert (budget.calls, budget.cached, budget.tokens_in, budget.cost_usd) == (2, 1, 20, 1.0)


def test_a_budget_stops_before_the_call_that_could_exceed_it() -> None:
    """What was set aside and not used can be used by others."""
    budget = Budget(budget_usd=1.0)
    budget.reserve(0.6)
    budget.release(0.6, call(0.2))
    budget.reserve(0.8)
    budget.release(0.8, call(0.8))
    with pytest.raises(BudgetError, match="--budget-usd"):
        budget.reserve(0.01)
    budget.reserve(0.0)


def test_a_call_waits_for_those_that_run_before_it_is_refused() -> None:
    """They mostly cost less than was set aside for them."""
    budget = Budget(budget_usd=1.0)
    budget.reserve(0.9)
    passed = threading.Event()

    def second() -> None:
        budget.reserve(0.5)
        passed.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not passed.wait(0.1)
    budget.release(0.9, call(0.1))
    thread.join(5)
    assert passed.is_set()


def test_prices_come_from_the_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dated version costs what its family costs; who runs here costs nothing; others are unknown."""
    monkeypatch.delenv("PERSONA_DB_PRICES", raising=False)
    assert price_of("openai:gpt-4.1-mini-2025-04-14") == PRICES["openai:gpt-4.1-mini"]
    assert price_of("llama:/x.gguf") == price_of("ollama:x") == Price(tokens_in=0, tokens_out=0)
    assert price_of("openai:new") is None
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"openai:new": {"tokens_in": 1, "tokens_out": 2}}), encoding="utf-8")
    monkeypatch.setenv("PERSONA_DB_PRICES", str(path))
    found = price_of("openai:new")
    assert found is not None
    assert found.cost(1_000_000, 500_000) == 2.0
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="PERSONA_DB_PRICES"):
        price_of("openai:new")


def test_it_is_said_how_old_prices_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The month of the list, and how to name others; or that a file comes before it."""
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", PRICES_OF)
    monkeypatch.delenv("PERSONA_DB_PRICES", raising=False)
    assert prices_said() == f"list prices as of {PRICES_OF}; PERSONA_DB_PRICES names a file with others"
    monkeypatch.setenv("PERSONA_DB_PRICES", str(tmp_path / "prices.json"))
    assert prices_said() == f"prices of your file, else list prices as of {PRICES_OF}"


def test_tokens_are_counted_about_right() -> None:
    """English prose: three words are about four tokens or fewer, and a survey answer likewise."""
    text = "The respondent was asked whether government should do more to protect the environment, and answered: Yes."
    assert 17 <= about_tokens(text) <= 24
    assert about_tokens("") == 0


def test_a_missing_key_package_or_provider_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        open_model("openai:gpt-4.1-mini")
    with pytest.raises(ConfigError, match="names no provider"):
        open_model("gpt-4.1-mini")
    with pytest.raises(ConfigError, match="provider"):
        open_model("nowhere:model")


def test_a_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not in the model as text, nor in its settings, nor in the cache."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    model = open_model("openai:gpt-4.1-mini", cache=tmp_path / "calls.sqlite")
    shown = f"{model!r} {model} {model.settings.model_dump_json()} {model.chat!r} {vars(model.cache)}"
    assert "secret-secret" not in shown
    assert model.context_tokens > 1_000_000
    assert model.method == "json_schema"


def test_a_chat_model_given_is_named_by_its_class_and_left_as_it_was(tmp_path: Path) -> None:
    """The cache and the rate limiter are put on a copy."""
    chat = Scripted(script=does_as_told)
    model = open_model(chat, settings=ModelSettings(requests_per_second=100.0), cache=tmp_path / "calls.sqlite")
    assert (model.name, model.method, model.price, model.context_tokens) == ("Scripted", "text", None, 8192)
    assert chat.rate_limiter is None
    assert chat.cache is None
    assert model.chat.invoke([HumanMessage("hello")]).content
