"""Requests that fail in transport: which are sent again, after what wait, and who else waits.

Every request passes the model's RequestLimiter, after the cache and before the provider: LangChain calls its rate
limiter there.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from time import monotonic, sleep
from typing import Any, TypeVar

from langchain_core.exceptions import ContextOverflowError, ModelError
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import run_in_executor
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from persona_db.chains.language.call import current_call
from persona_db.graph.errors import (
    ModelAnswerError,
    ModelConfigError,
    ModelUnavailableError,
    PersonaDBError,
    PromptTooLongError,
)

__all__ = ["RequestLimiter", "sending", "status_of"]

log = logging.getLogger(__name__)


T = TypeVar("T")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
_LONGEST_NAMED = 300.0
_SPREAD = 0.25
_RETRYABLE = frozenset({408, 409, 425, 429})
_CONNECTION = ("ConnectionError", "TimeoutError", "TransportError", "TimeoutException", "ConnectError", "ReadError")
_SPENT = ("insufficient_quota", "billing")


class RequestLimiter(BaseRateLimiter):
    """Holds requests back for the budget, for a pause that the provider asked for, and for the rate."""

    def __init__(self, inner: BaseRateLimiter | None = None) -> None:
        self._inner = inner
        self._open_at = 0.0
        self._lock = Lock()

    def acquire(self, *, blocking: bool = True) -> bool:
        """Return when a request may be sent."""
        call = current_call()
        if call is not None:
            call.admit()
        while (left := self._open_at - monotonic()) > 0:
            sleep(left + random.random() * _SPREAD)
        return self._inner.acquire(blocking=blocking) if self._inner is not None else True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        """As `acquire`, in a thread."""
        return await run_in_executor(None, lambda: self.acquire(blocking=blocking))

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        with self._lock:
            self._open_at = max(self._open_at, monotonic() + seconds)


def sending(send: Callable[[], T], *, limiter: RequestLimiter, attempts: int, model: str) -> T:
    """Return what *send* returns, after *attempts* attempts at most where its failures may be temporary.

    Waits double from half a second. Where a provider names a wait, all requests wait that long. ModelUnavailableError
    when it does not answer, ModelConfigError when it never will, PromptTooLongError and ModelAnswerError when it
    refuses this request.
    """
    try:
        for attempt in _retrying(limiter, attempts):
            with attempt:
                return send()
    except PersonaDBError:
        raise
    except Exception as exc:
        named = _named(exc, model, attempts)
        if named is exc:
            raise
        raise named from exc
    raise ModelUnavailableError(f"{model} was not asked")


def _retrying(limiter: RequestLimiter, attempts: int) -> Iterator[Any]:
    def wait(state: RetryCallState) -> float:
        exc = state.outcome.exception() if state.outcome is not None else None
        doubled = _FIRST_WAIT * 2.0 ** (state.attempt_number - 1)
        seconds = min(doubled, _LONGEST_WAIT) * (0.75 + random.random() / 2)
        named = _retry_after(exc)
        log.info("request failed (%s), attempt %s of %s", type(exc).__name__, state.attempt_number, attempts)
        if named is None and status_of(exc) != 429:
            return seconds
        limiter.pause(seconds if named is None else named)  # this request waits there too
        return 0.0

    return iter(
        Retrying(stop=stop_after_attempt(attempts), retry=retry_if_exception(_may_pass), wait=wait, reraise=True)
    )


def _may_pass(exc: BaseException) -> bool:
    """Whether the same request may have an answer at another time."""
    if not isinstance(exc, Exception) or isinstance(exc, PersonaDBError):
        return False
    status = status_of(exc)
    if status is not None and status >= 400:
        named = _retry_after(exc)
        if any(word in str(exc) for word in _SPENT) or (named is not None and named > _LONGEST_NAMED):
            return False
        return status >= 500 or status in _RETRYABLE
    if isinstance(exc, ModelError):
        return exc.is_retryable
    if isinstance(exc, json.JSONDecodeError) or getattr(exc, "response", None) is not None:
        return True  # a proxy or the like answered
    return any(kind.__name__.endswith(_CONNECTION) for kind in type(exc).__mro__)


def _named(exc: Exception, model: str, attempts: int) -> Exception:
    """Return our error for *exc*; itself when it has nothing to do with the provider."""
    status = status_of(exc)
    inside = exc.args[0] if isinstance(exc, ValueError) and exc.args and isinstance(exc.args[0], dict) else {}
    said = " ".join(str(inside.get("message") or exc).split())[:300]
    named: Exception = exc
    if isinstance(exc, ContextOverflowError) or (status in (400, 413) and _too_long(said)):
        named = PromptTooLongError(f"{model} takes no prompt that long; set context_tokens to what it takes")
    elif any(word in said for word in _SPENT):
        named = ModelConfigError(f"the account with the provider of {model} is used up ({said})")
    elif status in (401, 403):
        named = ModelConfigError(
            f"{model} does not accept the key ({status}); check the provider's key in the environment"
        )
    elif status == 404:
        named = ModelConfigError(f"there is no model {model} at its address; check its name and the base URL ({said})")
    elif status == 429 or _may_pass(exc):
        kind = status if inside else type(exc).__name__
        named = ModelUnavailableError(f"{model} did not answer in {attempts} attempts ({kind}: {said})")
    elif status is not None and status >= 400:
        named = ModelAnswerError(f"{model} refused the request ({status}: {said})")
    elif isinstance(exc, ValueError | TypeError | LookupError | AttributeError):
        named = ModelAnswerError(f"{model} sent what is no answer ({type(exc).__name__}: {said})")
    return named


def _too_long(said: str) -> bool:
    lower = said.casefold()
    return "context" in lower and any(word in lower for word in ("length", "window", "exceed", "size"))


def status_of(exc: BaseException | None) -> int | None:
    """Return the HTTP status of a provider's error, also of one inside an answer; None where it has none."""
    if isinstance(exc, ValueError) and exc.args and isinstance(exc.args[0], dict):
        return _status_in_body(exc.args[0])
    for one in (exc, getattr(exc, "response", None)):
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _status_in_body(error: dict[str, Any]) -> int:
    """Return the status that an error says which came in an answer in proper form."""
    code = str(error.get("code", ""))
    if code.isdigit() and int(code) >= 400:
        return int(code)
    said = f"{code} {error.get('type', '')} {error.get('message', '')}".casefold()
    return 429 if "rate" in said and "limit" in said else 400 if "invalid" in said or "unsupported" in said else 500


def _retry_after(exc: BaseException | None) -> float | None:
    """Return the seconds to wait that the provider's headers name, or None."""
    headers = getattr(getattr(exc, "response", None), "headers", None)
    if headers is None or (status_of(exc) or 0) < 400:
        return None
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(float(milliseconds) / 1000, 0.0)
        named = headers.get("retry-after")
        if named is None:
            return None
        if named.strip().replace(".", "", 1).isdigit():
            return float(named)
        return max((parsedate_to_datetime(named) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
