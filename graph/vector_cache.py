"""Vectors kept outside the graph by what they are of: SHA-256 of the model and the text, never a position."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.graph.errors import EmbeddingError
from persona_db.graph.sqlite_file import SqliteFile
from persona_db.graph.vectors import NORM_TOLERANCE, Embedder, checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CachedEmbedder"]

log = logging.getLogger(__name__)

EMBEDDED_AT_ONCE = 256
"""Texts between two commits: no more than these are embedded again after a kill."""
LOOKED_UP_AT_ONCE = 500
_TABLE = "CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, floats BLOB NOT NULL) WITHOUT ROWID"


class CachedEmbedder:
    """An embedder that asks *inner* only for texts whose vectors the file *path* doesn't hold yet.

    Several processes may use one file; texts themselves are not in it.
    """

    def __init__(self, inner: Embedder, path: Path) -> None:
        self._inner = inner
        self._file = SqliteFile(path, "vector cache", "its vectors are made", _TABLE, EmbeddingError)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def name(self) -> str:
        """That of the inner embedder."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """That of the inner embedder."""
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit row for each text, in their order; each distinct new text is embedded once."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        key_of = {text: self._key(text) for text in texts}
        with self._open() as cache:
            found = dict(self._held(cache, key_of.values()))
            missing = [text for text, key in key_of.items() if key not in found]
            for start in range(0, len(missing), EMBEDDED_AT_ONCE):
                batch = missing[start : start + EMBEDDED_AT_ONCE]
                vectors = checked(self._inner.embed(batch), count=len(batch), dimension=self.dimension)
                rows = [(key_of[text], vector) for text, vector in zip(batch, vectors, strict=True)]
                found.update(rows)
                with cache:
                    cache.executemany(
                        "INSERT OR REPLACE INTO vector VALUES (?, ?)",
                        [(key, vector.tobytes()) for key, vector in rows],
                    )
        log.debug("%s texts, %s of them embedded anew", len(key_of), len(missing))
        return np.stack([found[key_of[text]] for text in texts])

    def forget(self, texts: Iterable[str]) -> int:
        """Remove the vectors of these texts; return how many were stored."""
        with self._open() as cache, cache:
            keys = [(self._key(text),) for text in texts]
            gone = cache.executemany("DELETE FROM vector WHERE key = ?", keys).rowcount if keys else 0
        with self._open() as cache:
            cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else they would still be in the log beside the file
        return gone

    def held(self, texts: Iterable[str]) -> int:
        """Return how many of these texts have a vector stored."""
        with self._open() as cache:
            return sum(1 for _ in self._held(cache, [self._key(text) for text in texts]))

    def _key(self, text: str) -> bytes:
        return sha256(f"{self.name}\0{text}".encode()).digest()

    def _held(self, cache: sqlite3.Connection, keys: Iterable[bytes]) -> Iterator[tuple[bytes, NDArray[np.float32]]]:
        import numpy as np

        wanted = list(keys)
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            some = wanted[start : start + LOOKED_UP_AT_ONCE]
            marks = ", ".join("?" * len(some))
            held = cache.execute(f"SELECT key, floats FROM vector WHERE key IN ({marks})", some)  # noqa: S608 (marks are question marks)
            for key, floats in held:
                if len(floats) != 4 * self.dimension:
                    continue
                vector = np.frombuffer(floats, dtype=np.float32)
                norm = float(np.linalg.norm(vector.astype(np.float64)))
                if abs(norm - 1.0) < NORM_TOLERANCE:
                    yield key, vector  # one that is damaged is made again, and takes its place

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(self._file.connect()) as cache, self._file.explained():
            yield cache
