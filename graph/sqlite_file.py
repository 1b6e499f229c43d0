"""A SQLite file that threads and processes share: how it is opened, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_db.graph.errors import PersonaDBError
from persona_db.graph.room import MB, free_bytes, full_disk

__all__ = ["SqliteFile", "remove_sqlite"]

CACHE_MB = 16
"""Room that is asked for where a cache has found none."""
WAIT_SECONDS = 60


@dataclass(frozen=True)
class SqliteFile:
    """A cache in a file: what it is called, what comes back when it is deleted, its table, and the error it raises."""

    path: Path
    name: str
    lost: str
    table: str
    error: type[PersonaDBError]

    def connect(self) -> sqlite3.Connection:
        """Return a connection that any thread may use, one at a time; the table exists.

        Writers of other processes are waited for. An error names the file and what to do.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            if (found := self.path.stat()).st_mode & 0o077 and found.st_uid == os.geteuid():
                self.path.chmod(0o600)  # as a version before this one, or a wide umask, left it
        except OSError as exc:
            raise self.error(
                f"no {self.name} can be made at {self.path} ({exc.strerror}); set PERSONA_DB_CACHE to another folder"
            ) from exc
        with self.explained():
            connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
            connection.execute(self.table)
        return connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what SQLite raises as an error of ours that names the file and what to do."""
        try:
            yield
        except sqlite3.Error as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_FULL or free_bytes(self.path.parent) < MB:
                raise full_disk(self.path.parent, needed=CACHE_MB * MB, what=f"the {self.name}") from exc
            raise self.error(
                f"the {self.name} {self.path} can't be used ({exc}); delete it, and {self.lost} again"
            ) from exc


def remove_sqlite(path: Path) -> None:
    """Delete a file of SQLite with the log beside it; what was in it is written over first."""
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        if file.is_file():
            with file.open("r+b") as stream:
                stream.write(bytes(file.stat().st_size))
            file.unlink()
