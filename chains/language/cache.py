"""The answers of language models, kept on disk: what answered once is never paid again."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation

from persona_db.chains.language.call import CACHED, UNRECORDED, current_attempt
from persona_db.graph.errors import CacheError

__all__ = ["CallCache", "Typical"]

_WAIT_SECONDS = 60
_NOT_KEPT = ("content_filter", "refusal")
_TABLE = """
CREATE TABLE IF NOT EXISTS answer (
  key BLOB PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, message TEXT NOT NULL,
  counted_in INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER,
  repair INTEGER NOT NULL DEFAULT 0, in_vain INTEGER NOT NULL DEFAULT 0, recorded INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID
"""


_BEFORE_RECORDS = "ALTER TABLE answer ADD COLUMN recorded INTEGER NOT NULL DEFAULT 1"


@dataclass(frozen=True)
class Typical:
    """What one question took so far, its repairs included: calls, tokens in over those counted before, tokens out."""

    questions: int
    calls: float
    in_per_counted: float
    tokens_out: float


class CallCache(BaseCache):
    """Answers by (model, settings, rendered prompt, output asked for), in one SQLite file.

    Written as soon as an answer is there, and marked when its call is in a ledger, so that one which a killed run paid
    for is entered by who finds it. Threads share one connection; several processes may use one file. Refusals and
    empty answers are not kept, nor anything but answers. *identity* is what makes the same prompt another
    question: the model, its address and its settings.
    """

    def __init__(self, path: Path, *, model: str, identity: str) -> None:
        self.path = path
        self._model, self._identity = model, identity
        self._lock = Lock()
        self._own: set[bytes] = set()  # of calls made or found here, which this process puts on record
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CacheError(
                f"no cache of model calls can be made at {path} ({exc.strerror}); "
                "set PERSONA_DB_CACHE to another folder"
            ) from exc
        with self._used():
            self._file = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False, isolation_level=None)
            weakref.finalize(self, self._file.close)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.execute(_TABLE)
            if "recorded" not in {row[1] for row in self._file.execute("PRAGMA table_info(answer)")}:
                self._file.execute(_BEFORE_RECORDS)

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        """Return what answered this before, marked as cached; the key is noted on the attempt under way."""
        key = self.key(prompt, llm_string)
        attempt = current_attempt()
        if attempt is not None:
            attempt.key = key
        with self._used():
            row = self._file.execute(
                "SELECT message, recorded FROM answer WHERE key = ? AND in_vain = 0", (key,)
            ).fetchone()
        if row is None:
            return None
        message = AIMessage.model_validate_json(row[0])
        message.response_metadata |= {CACHED: True, UNRECORDED: not row[1] and key not in self._own}
        if attempt is not None and not attempt.dry_run:
            self._own.add(key)
        return [ChatGeneration(message=message)]

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep an answer, unless it is a refusal or empty."""
        generation = return_val[0] if return_val else None
        if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
            self.keep(self.key(prompt, llm_string), generation.message)

    def keep(self, key: bytes, message: AIMessage) -> None:
        """Keep *message* under *key*, unless it is a refusal or empty."""
        if not _worth_keeping(message):
            return
        attempt = current_attempt()
        usage: Any = message.usage_metadata or {}
        row = (
            key, self._model, attempt.prompt if attempt else "", message.model_dump_json(fallback=str),
            attempt.counted_in if attempt else 0, usage.get("input_tokens"), usage.get("output_tokens"),
            int(attempt.repair) if attempt else 0,
        )  # fmt: skip
        self._own.add(key)
        with self._used():
            self._file.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)", row)

    def forget(self, keys: Iterable[bytes]) -> None:
        """Give the answers of these keys no more, so that they are asked for again; they still count as typical."""
        with self._used():
            self._file.executemany("UPDATE answer SET in_vain = 1 WHERE key = ?", [(key,) for key in keys])

    def record(self, keys: Iterable[bytes]) -> None:
        """Note that the calls which these answers came from are in a ledger."""
        with self._used():
            self._file.executemany("UPDATE answer SET recorded = 1 WHERE key = ?", [(key,) for key in keys])

    def clear(self, **kwargs: Any) -> None:  # noqa: ARG002 (BaseCache has them)
        """Remove every answer, of all models."""
        with self._used():
            self._file.execute("DELETE FROM answer")

    def typical(self, prompt: str) -> Typical | None:
        """Return what questions by the prompt of that name took of this model, or None when there were too few."""
        with self._used():
            calls, questions, told, counted, out = self._file.execute(
                "SELECT count(*), sum(repair = 0), sum(tokens_in), sum(counted_in * (repair = 0)), sum(tokens_out) "
                "FROM answer WHERE model = ? AND prompt = ? AND tokens_in > 0 AND counted_in > 0",
                (self._model, prompt),
            ).fetchone()
        if not questions or questions < _ENOUGH:
            return None
        return Typical(questions, calls / questions, told / counted, out / questions)

    def key(self, prompt: str, llm_string: str) -> bytes:
        """Return the key of a rendered prompt; of *llm_string* only what is asked for counts, not where."""
        asked_for = llm_string.split("---", 1)[-1]
        return sha256(json.dumps([self._identity, asked_for, prompt]).encode()).digest()

    @contextmanager
    def _used(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as exc:
            raise CacheError(
                f"the cache of model calls {self.path} can't be used ({exc}); delete it, and calls are made again"
            ) from exc


_ENOUGH = 5


def _worth_keeping(message: AIMessage) -> bool:
    if message.additional_kwargs.get("refusal") or message.response_metadata.get("finish_reason") in _NOT_KEPT:
        return False
    return bool(message.content or message.tool_calls or message.invalid_tool_calls)
