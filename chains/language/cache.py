"""The answers of language models, kept on disk: the same call is never paid twice."""

from __future__ import annotations

import json
import re
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from langchain_core.caches import BaseCache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import SecretStr

from persona_db.chains.language.call import CACHED, UNRECORDED, current_call
from persona_db.graph.call_file import about, call_file

if TYPE_CHECKING:
    from persona_db.chains.language.settings import ModelSettings

__all__ = ["CallCache", "Typical", "identity_of"]

_ENOUGH = 5  # questions that tell what is typical
_SECRET = ("key", "token", "secret", "password")
_NOT_KEPT = ("content_filter", "refusal")
_PLAIN = re.compile(r"\('(\w+)', ([\w.]+)\)")
_IN_BODY = re.compile(
    r"\[\('extra_body', \{'response_format': (?P<schema>.*)\}\), (?P<rest>\('\w+', [\w.]+\)(?:, \('\w+', [\w.]+\))*)\]",
    re.DOTALL,
)
_REFUSED = """
CREATE TABLE IF NOT EXISTS refused (identity TEXT, part TEXT, PRIMARY KEY (identity, part)) WITHOUT ROWID
"""
_ADDED = {
    "recorded": "ALTER TABLE answer ADD COLUMN recorded INTEGER NOT NULL DEFAULT 1",
    "about": "ALTER TABLE answer ADD COLUMN about BLOB",
}
"""Columns that a file of a version before this one may lack."""


@dataclass(frozen=True)
class Typical:
    """Averages per question, repairs included: calls, billed over estimated input tokens, output tokens."""

    questions: int
    calls: float
    in_per_counted: float
    tokens_out: float


class CallCache(BaseCache):
    """Answers by (model, settings, rendered prompt, output asked for), in one SQLite file.

    An answer is written as soon as it is there, and marked when its call is in a ledger. So a later run finds an answer
    that a killed run paid for, and puts its call on record. Threads share one connection; several processes may use one
    file. Refusals and empty answers are not kept. *identity* distinguishes equal prompts: the model, its address and
    its settings.
    """

    def __init__(self, path: Path, *, model: str, identity: str) -> None:
        self.path = path
        self._model, self._identity = model, identity
        self._lock = Lock()
        self._own: set[bytes] = set()  # of calls made or found here, which this process puts on record
        self._file = call_file(path)
        self._connection = self._file.connect()
        weakref.finalize(self, self._connection.close)
        with self._used() as file:
            file.execute(_REFUSED)
            columns = {row[1] for row in file.execute("PRAGMA table_info(answer)")}
            for name in _ADDED.keys() - columns:
                file.execute(_ADDED[name])

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        """Return the answer of the same call, marked as cached; the call under way gets its key."""
        key = self.key(prompt, llm_string)
        call = current_call()
        if call is not None:
            call.key = key
        with self._used() as file:
            row = file.execute("SELECT message, recorded FROM answer WHERE key = ? AND in_vain = 0", (key,)).fetchone()
        if row is None:
            return None
        message = AIMessage.model_validate_json(row[0])
        message.response_metadata |= {CACHED: True, UNRECORDED: not row[1] and key not in self._own}
        if call is not None and not call.dry_run:
            self._own.add(key)
        return [ChatGeneration(message=message)]

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep an answer, unless it is a refusal or empty."""
        generation = return_val[0] if return_val else None
        if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
            self.keep(self.key(prompt, llm_string), generation.message)

    def keep(self, key: bytes, message: AIMessage) -> None:
        """Keep *message* under *key*, unless it is a refusal, empty or no text."""
        if not _worth_keeping(message):
            return
        try:
            written = message.model_dump_json(fallback=str)
        except ValueError:  # half of a character, which no file can hold
            return
        call = current_call()
        usage: Any = message.usage_metadata or {}
        row = (
            key, self._model, call.prompt.name if call else "", written,
            call.counted_in if call else 0, usage.get("input_tokens"), usage.get("output_tokens"),
            int(call.repair) if call else 0, about(call.user) if call else None,
        )  # fmt: skip
        self._own.add(key)
        with self._used() as file:
            file.execute(
                "INSERT OR REPLACE INTO answer "
                "(key, model, prompt, message, counted_in, tokens_in, tokens_out, repair, about) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def forget(self, keys: Iterable[bytes]) -> None:
        """Return the answers of these keys no more, so that the calls are made again; they still count as typical."""
        with self._used() as file:
            file.executemany("UPDATE answer SET in_vain = 1 WHERE key = ?", [(key,) for key in keys])

    def record(self, keys: Iterable[bytes]) -> None:
        """Mark these answers: their calls are in a ledger."""
        with self._used() as file:
            file.executemany("UPDATE answer SET recorded = 1 WHERE key = ?", [(key,) for key in keys])

    def refuse(self, parts: Iterable[str]) -> None:
        """Keep which methods and settings the provider refuses, so that a later run asks as this one did."""
        with self._used() as file:
            file.executemany("INSERT OR IGNORE INTO refused VALUES (?, ?)", [(self._identity, part) for part in parts])

    def refused(self) -> set[str]:
        """Return what the provider was found to refuse."""
        with self._used() as file:
            return {part for (part,) in file.execute("SELECT part FROM refused WHERE identity = ?", (self._identity,))}

    def clear(self, **kwargs: Any) -> None:  # noqa: ARG002 (BaseCache has them)
        """Remove every answer, of all models, and what was found of them."""
        with self._used() as file:
            file.execute("DELETE FROM answer")
            file.execute("DELETE FROM refused")

    def typical(self, prompt: str) -> Typical | None:
        """Return the averages of this model's questions by the prompt of that name; None when there were too few."""
        with self._used() as file:
            calls, questions, billed, counted, out = file.execute(
                "SELECT count(*), sum(repair = 0), sum(tokens_in), sum(counted_in * (repair = 0)), sum(tokens_out) "
                "FROM answer WHERE model = ? AND prompt = ? AND tokens_in > 0 AND counted_in > 0",
                (self._model, prompt),
            ).fetchone()
        if not questions or questions < _ENOUGH:
            return None
        return Typical(questions, calls / questions, billed / counted, out / questions)

    def key(self, prompt: str, llm_string: str) -> bytes:
        """Return the key of a rendered prompt; of *llm_string* it takes what is asked for, and leaves the model."""
        asked_for = _as_arguments(llm_string.split("---", 1)[-1])
        return sha256(json.dumps([self._identity, asked_for, prompt]).encode()).digest()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """Give the file to one thread at a time, as one transaction."""
        with self._file.explained(), self._lock, self._connection:
            yield self._connection


def _as_arguments(asked_for: str) -> str:
    """Return what is asked for as if a schema in `extra_body` were an argument, which earlier versions made it.

    It is a change of text: `ast.literal_eval` fails at times where other threads of Python 3.11 parse too
    (https://github.com/python/cpython/issues/106905).
    """
    found = _IN_BODY.fullmatch(asked_for)
    if found is None:
        return asked_for
    arguments = {"response_format": found["schema"], **dict(_PLAIN.findall(found["rest"]))}
    return f"[{', '.join(f'({name!r}, {arguments[name]})' for name in sorted(arguments))}]"


def _worth_keeping(message: AIMessage) -> bool:
    if message.additional_kwargs.get("refusal") or message.response_metadata.get("finish_reason") in _NOT_KEPT:
        return False
    return bool(message.content or message.tool_calls or message.invalid_tool_calls)


def identity_of(name: str, chat: BaseChatModel, settings: ModelSettings) -> str | None:
    """Return what distinguishes equal prompts: model, address and the settings that change answers.

    A model that runs in this process listens at another port each time, so its address does not count. None where
    nothing tells a chat model that was given from another.
    """
    client = getattr(chat, "root_client", None)  # OpenAI's: it knows OPENAI_BASE_URL
    address = "" if name.startswith("llama") else str(getattr(client or chat, "base_url", ""))
    given = {} if ":" in name or name == "llama" else _public(chat)
    if given is None:
        return None
    called = str(getattr(chat, "model_name", ""))
    parts = [name, called, address, settings.temperature, settings.seed, settings.max_tokens_out, sorted(given.items())]
    return repr((*parts, settings.reasoning) if settings.reasoning else tuple(parts))


def _public(chat: BaseChatModel) -> dict[str, str] | None:
    """The settings of a chat model that was given, without secrets; None where they can't tell it from others.

    A class of somebody's own says by `_identifying_params` what counts, or else it is the fields that it adds.
    """
    said = {
        key: str(value)
        for key, value in chat.asdict().items()
        if key != "_type" and not isinstance(value, SecretStr) and "key" not in key.casefold()
    }
    family = [kind for kind in type(chat).__mro__ if issubclass(kind, BaseChatModel)]
    theirs = next(place for place, kind in enumerate(family) if kind.__module__.startswith("langchain"))
    if said and (not theirs or any("_identifying_params" in vars(kind) for kind in family[:theirs])):
        return said
    known = (family[theirs] if theirs else BaseChatModel).model_fields
    added = {name: getattr(chat, name) for name in type(chat).model_fields if name not in known}
    told = {name: value for name, value in added.items() if not name.casefold().endswith(_SECRET)}
    if not told or not all(_is_plain(value) for value in told.values()):
        return None
    return {**said, "class": f"{type(chat).__module__}.{type(chat).__qualname__}"} | {
        name: repr(value) for name, value in told.items()
    }


def _is_plain(value: object) -> bool:
    """Whether equal values of this kind are written alike, and others are not."""
    if isinstance(value, dict):
        return all(_is_plain(one) for one in (*value, *value.values()))
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, str | int | float)
