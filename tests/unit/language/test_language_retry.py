"""Requests that fail on the way: which are sent again, when, and what is said of those that are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.exceptions import ContextOverflowError

from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.predict import stream_explanation
from persona_db.chains.language.retry import RequestLimiter, sending
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.results import Context
from persona_db.graph.errors import (
    ConfigError,
    ModelAnswerError,
    ModelUnavailableError,
    PersonaDBError,
    PromptTooLongError,
)
from persona_db.graph.models import Question
from tests.language_server import LanguageServer, Said, Status
from tests.unit.language.scripted import Scripted, does_as_told, person


class ProviderError(Exception):
    """As providers raise them: a status, and a response with headers."""

    def __init__(self, status: int, said: str = "", **headers: str) -> None:
        super().__init__(said)
        self.status_code = status
        self.response = Response(status, {name.replace("_", "-"): value for name, value in headers.items()})


class Response:
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status_code, self.headers = status, headers


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def send() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return send


def sent(send: Callable[[], str], *, limiter: RequestLimiter | None = None, attempts: int = 2) -> str:
    passed = limiter or RequestLimiter()

    def through() -> str:
        passed.acquire()
        return send()

    return sending(through, limiter=passed, attempts=attempts, model="m")


@pytest.mark.parametrize("error", [ProviderError(500), ProviderError(503), ProviderError(408), ConnectionResetError()])
def test_what_may_pass_is_sent_again(error: Exception) -> None:
    """As often as allowed, and no more."""
    assert sent(failing(error)) == "answer"
    with pytest.raises(ModelUnavailableError, match="in 1 attempts"):
        sent(failing(error), attempts=1)


@pytest.mark.parametrize(
    ("error", "named", "words"),
    [
        (ProviderError(401, "sk-1234"), ConfigError, "does not accept the key"),
        (ProviderError(404, "no such"), ConfigError, "no model"),
        (ProviderError(429, "insufficient_quota"), ConfigError, "used up"),
        (ProviderError(400, "bad schema"), ModelAnswerError, "bad schema"),
        (ProviderError(400, "maximum context length exceeded"), PromptTooLongError, "context_tokens"),
        (ContextOverflowError(), PromptTooLongError, "context_tokens"),
        (ProviderError(429, retry_after="4000"), ModelUnavailableError, "did not answer"),
    ],
)
def test_what_will_not_pass_is_named_at_once(error: Exception, named: type[PersonaDBError], words: str) -> None:
    """With what to do, and without the key."""
    with pytest.raises(named, match=words) as raised:
        sent(failing(error, error))
    assert "sk-1234" not in str(raised.value)


def test_an_error_that_is_no_provider_s_stays_itself() -> None:
    """Mistakes of ours are not tried again."""
    with pytest.raises(ZeroDivisionError):
        sent(failing(ZeroDivisionError()))


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "0.3"},
        {"retry_after_ms": "300"},
        {"retry_after": format_datetime(datetime.now(UTC) + timedelta(days=-1), usegmt=True)},
        {"retry_after": "soon"},
    ],
)
def test_a_wait_that_is_named_is_kept_by_everybody(headers: dict[str, str]) -> None:
    """By requests that met nothing themselves as well."""
    limiter, began = RequestLimiter(), time.monotonic()
    failed = threading.Event()

    def fail_once() -> str:
        if not failed.is_set():
            failed.set()
            raise ProviderError(429, **headers)
        return "answer"

    thread = threading.Thread(target=lambda: sent(fail_once, limiter=limiter))
    thread.start()
    failed.wait(5)
    time.sleep(0.05)
    limiter.acquire()
    waited = time.monotonic() - began
    thread.join()
    named = next(iter(headers.values()))
    assert waited >= (0.3 if named in ("0.3", "300") else 0.0)


def test_requests_are_sent_at_the_rate_asked_for() -> None:
    """After a first few that may go together."""
    model = open_model(Scripted(script=does_as_told), settings=ModelSettings(requests_per_second=20.0, concurrency=8))
    began = time.monotonic()
    assert all(one.complete for one in refine_people(LanguageEngine(model), [person(f"u{n}") for n in range(15)]))
    assert time.monotonic() - began >= (30 - 20) / 20 * 0.8


def test_a_prompt_that_is_too_long_after_all_is_halved() -> None:
    """Where a provider counts otherwise, nothing is left out."""

    def short_sighted(messages: Any) -> Any:
        if str(messages[1].content).count(" | ") > 4 and "f1 |" not in str(messages[1].content):
            return ProviderError(400, "maximum context length exceeded")
        return does_as_told(messages)

    model = open_model(Scripted(script=short_sighted))
    history = person(items=9)
    one = next(iter(refine_people(LanguageEngine(model), [history])))
    assert one.persona is not None
    assert {s.id for fact in one.persona.distilled for s in fact.supports} == {item.id for item in history.items}


def hosted(path: Path, **settings: Any) -> LanguageModel:
    return open_model("openai:gpt-4.1-mini", settings=ModelSettings(**settings), cache=path / "calls.sqlite")


def test_an_answer_cut_off_for_its_length_is_counted_and_kept(language_server: LanguageServer, tmp_path: Path) -> None:
    """OpenAI's client raises there; what was said and what it cost is on record all the same."""
    language_server.fail(Said(lambda asked, good: good[:40], finish="length"), times=1)
    one = next(iter(refine_people(LanguageEngine(hosted(tmp_path)), [person()])))
    assert one.complete
    assert [(call.outcome, call.repair) for call in one.calls] == [
        ("truncated", False), ("answered", True), ("answered", False),
    ]  # fmt: skip
    assert all(call.tokens_in > 100 and call.cost_usd for call in one.calls)
    asked = len(language_server.calls)
    again = next(iter(refine_people(LanguageEngine(hosted(tmp_path)), [person()])))
    assert [call.cached for call in again.calls] == [True] * 3
    assert again.persona == one.persona
    assert len(language_server.calls) == asked


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_every_way_to_ask_for_structure_gives_the_same(
    method: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Schema, function or mode."""
    one = next(iter(refine_people(LanguageEngine(hosted(tmp_path, method=method)), [person()])))
    assert one.complete
    assert one.persona is not None
    assert len(one.persona.distilled) == 3
    assert {call.asked.method for call in language_server.calls} == {"json_object" if method == "json_mode" else method}


def test_another_address_is_another_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one server answered is not given for another."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    for _ in range(2):
        with LanguageServer() as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            assert next(iter(refine_people(LanguageEngine(hosted(tmp_path)), [person()]))).complete
            assert len(server.calls) == 2


def test_a_stream_is_begun_again_after_a_fault(language_server: LanguageServer, tmp_path: Path) -> None:
    """As long as nothing has come of it."""
    language_server.fail(Status(500), times=1)
    context = Context(user="u", question=Question(id="q", text="?", options=("a", "b")), items=(), size=1, borrowed=0)
    calls: list[Any] = []
    assert "".join(stream_explanation(hosted(tmp_path), context, calls=calls))
    assert [(call.attempts, call.outcome) for call in calls] == [(2, "answered")]
