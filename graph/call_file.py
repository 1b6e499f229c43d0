"""The file of what language models answered, as erasing a person finds it: what quotes them is overwritten."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from persona_db.graph.errors import CacheError
from persona_db.graph.sqlite_file import SqliteFile

__all__ = ["CALLS", "about", "call_file", "forget_calls", "quoting_calls"]

CALLS = "calls.sqlite3"
"""The cache of what language models answered, below the cache folder."""

QUOTE_CHARS = 12
"""The shortest string of an answer that is taken for a quote when a text of the person has it."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answer (
  key BLOB PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, message TEXT NOT NULL,
  counted_in INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER,
  repair INTEGER NOT NULL DEFAULT 0, in_vain INTEGER NOT NULL DEFAULT 0, recorded INTEGER NOT NULL DEFAULT 0, about BLOB
) WITHOUT ROWID
"""
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


def call_file(path: Path) -> SqliteFile:
    """Return the cache of calls at *path*."""
    return SqliteFile(path, "cache of model calls", "calls are made", _TABLE, CacheError)


def about(user: str) -> bytes | None:
    """Return what marks an answer as one about *user*, without their id; None for nobody."""
    return sha256(f"user\0{user}".encode()).digest()[:16] if user else None


def forget_calls(path: Path, user: str, words: Sequence[str], *, own: Sequence[str]) -> int:
    """Remove the answers about *user*, those that have one of *words*, and those that quote a part of their *own*."""
    if not path.exists():
        return 0
    with _searched(path, words, own) as (cache, found):
        with cache:
            gone = cache.execute(f"DELETE FROM answer WHERE {found}", (about(user),)).rowcount  # noqa: S608 (one of two)
        cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else they would still be in the log beside the file
    return gone


def quoting_calls(path: Path, user: str, words: Sequence[str], *, own: Sequence[str]) -> int:
    """Return how many answers are there that `forget_calls` would remove."""
    if not path.exists():
        return 0
    with _searched(path, words, own) as (cache, found):
        [count] = cache.execute(f"SELECT count(*) FROM answer WHERE {found}", (about(user),)).fetchone()  # noqa: S608 (one of two)
    return int(count)


@contextmanager
def _searched(path: Path, words: Sequence[str], own: Sequence[str]) -> Iterator[tuple[sqlite3.Connection, str]]:
    """Open the file; yield it with the condition of what is about somebody, whose mark is its one parameter."""
    file = call_file(path)
    with closing(file.connect()) as cache, file.explained():
        cache.create_function("quotes", 1, lambda message: _quotes(message, words, own), deterministic=True)
        marked = "about" in {row[1] for row in cache.execute("PRAGMA table_info(answer)")}
        yield cache, "about = ? OR quotes(message)" if marked else "? IS NULL OR quotes(message)"


def _quotes(message: str, words: Sequence[str], own: Sequence[str]) -> bool:
    said = list(_strings(message))
    whole = "\n".join(said)
    return any(word in whole for word in words) or any(
        len(one) >= QUOTE_CHARS and any(one in word for word in own) for one in said
    )


def _strings(written: str) -> Iterator[str]:
    """Yield every string of a JSON text, and those of the JSON texts in them: a model's answer is one in a message."""
    for found in _STRING.findall(written):
        try:
            one = json.loads(f'"{found}"', strict=False)
        except ValueError:
            one = found
        yield one
        if '"' in one:
            yield from _strings(one)
