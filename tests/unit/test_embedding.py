"""Vectors are made once a text, kept by content, and refused when they could not be searched."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from persona_db.graph.embedding import (
    CachedEmbedder,
    HashEmbedder,
    LightEmbedder,
    embedder_of,
)
from persona_db.graph.errors import EmbeddingError
from persona_db.graph.settings import Settings
from persona_db.graph.vectors import DIMENSION, checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = ["Cats are fine.", "Dogs are fine.", "", "!!!", "😀", "Cats are fine.", "A\x00b", "word " * 20_000]


class Counting(HashEmbedder):
    """Counts the texts it is asked for, and can fail at one."""

    def __init__(self, name: str = "hash-384", fails_at: str | None = None) -> None:
        self.name = name
        self.asked: list[str] = []
        self.fails_at = fails_at

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.fails_at in texts:
            raise EmbeddingError("no power")
        self.asked += texts
        return super().embed(texts)


def test_hash_vectors_are_unit_rows_that_depend_on_the_text_alone() -> None:
    """Any text has a direction; equal texts have equal ones, alone or in company; common words bring near."""
    embedder = HashEmbedder()
    rows = checked(embedder.embed(TEXTS), count=len(TEXTS), dimension=DIMENSION)
    assert np.array_equal(rows[0], rows[5])
    assert all(np.array_equal(embedder.embed([text])[0], row) for text, row in zip(TEXTS, rows, strict=True))
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[4]
    assert embedder.embed([]).shape == (0, DIMENSION)


def test_hash_vectors_are_the_same_in_every_process() -> None:
    """They don't rest on Python's own hash, which every process seeds anew."""
    code = (
        "from persona_db.graph.embedding import HashEmbedder as H; print(H().embed(['a b c'])[0].nonzero()[0].tolist())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {f"{HashEmbedder().embed(['a b c'])[0].nonzero()[0].tolist()}\n"}


def test_light_vectors_are_unit_rows_that_tell_texts_apart() -> None:
    """Any text has a direction, alone or in company; one meaning in two languages is near, another is not."""
    embedder = LightEmbedder()
    texts = [*TEXTS[:-1], "Der Bus soll öfter fahren.", "The bus should run more often.", "I bake bread on Sundays."]
    rows = checked(embedder.embed(texts), count=len(texts), dimension=DIMENSION)
    assert np.array_equal(rows[0], rows[5])
    assert all(np.array_equal(embedder.embed([text])[0], row) for text, row in zip(texts, rows, strict=True))
    assert rows[-3] @ rows[-2] > 0.5
    assert rows[-2] @ rows[-1] < 0.3
    assert embedder.embed([]).shape == (0, DIMENSION)


def test_cache_asks_once_for_each_distinct_text(tmp_path: Path) -> None:
    """Order and repetition don't matter; another process's cache of the same file is used."""
    first = Counting()
    rows = CachedEmbedder(first, tmp_path / "v.sqlite3").embed(TEXTS)
    assert sorted(first.asked) == sorted(set(TEXTS))
    second = Counting()
    again = CachedEmbedder(second, tmp_path / "v.sqlite3").embed([*reversed(TEXTS), "new"])
    assert second.asked == ["new"]
    assert np.array_equal(again[:-1], rows[::-1])
    assert CachedEmbedder(second, tmp_path / "v.sqlite3").embed([]).shape == (0, DIMENSION)


def test_cache_keeps_models_apart(tmp_path: Path) -> None:
    """The same text by another model is another vector."""
    for name in ("one", "two"):
        inner = Counting(name)
        CachedEmbedder(inner, tmp_path / "v.sqlite3").embed(["a"])
        assert inner.asked == ["a"]


def test_cache_keeps_what_was_done_before_a_failure(tmp_path: Path) -> None:
    """Texts embedded before the failure aren't embedded again."""
    texts = [f"text {n}" for n in range(700)]
    with pytest.raises(EmbeddingError, match="no power"):
        CachedEmbedder(Counting(fails_at="text 600"), tmp_path / "v.sqlite3").embed(texts)
    after = Counting()
    CachedEmbedder(after, tmp_path / "v.sqlite3").embed(texts)
    assert after.asked == texts[512:]


def test_cache_forgets_texts(tmp_path: Path) -> None:
    """What is forgotten is embedded again."""
    cache = CachedEmbedder(Counting(), tmp_path / "v.sqlite3")
    cache.embed(["a", "b"])
    assert (cache.forget(["a", "c"]), cache.forget(["a"]), cache.forget([])) == (1, 0, 0)


def test_cache_is_shared_by_processes(tmp_path: Path) -> None:
    """Four that start on a new file at once all get their vectors."""
    code = (
        "import sys; from pathlib import Path; from persona_db.graph.embedding import CachedEmbedder, HashEmbedder\n"
        "rows = CachedEmbedder(HashEmbedder(), Path(sys.argv[1])).embed([f'text {n}' for n in range(2000)])\n"
        "print(rows.shape)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "v.sqlite3")], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=120)[0] for process in processes] == [f"(2000, {DIMENSION})\n"] * 4
    with sqlite3.connect(tmp_path / "v.sqlite3") as held:
        assert held.execute("SELECT count(*) FROM vector").fetchone() == (2000,)


def test_broken_cache_is_told_with_a_remedy(tmp_path: Path) -> None:
    """A file that is no cache, or a place where none can be."""
    (tmp_path / "v.sqlite3").write_text("not a database, and long enough to be looked at as one" * 50)
    with pytest.raises(EmbeddingError, match="delete it"):
        CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3").embed(["a"])
    with pytest.raises(EmbeddingError, match="PERSONA_DB_CACHE"):
        CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3" / "below" / "v").embed(["a"])


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (np.zeros((2, 3)), "length 0"),
        (np.full((2, 3), np.nan), "not finite"),
        (np.ones((2, 3)), r"length 1\.73"),
        (np.eye(3), r"\(3, 3\) for 2 texts"),
        (np.eye(2), r"it must be \(2, 3\)"),
        (np.array([[1.0, 0.0, 0.0], [np.inf, 0.0, 0.0]]), "text 1 has numbers that are not finite"),
    ],
)
def test_vectors_that_no_index_would_hold_are_refused(rows: NDArray[np.float64], complaint: str) -> None:
    """Neo4j would store them and leave them out of the index."""
    with pytest.raises(EmbeddingError, match=complaint):
        checked(rows, count=2, dimension=3)


def test_cache_holds_no_vector_that_is_refused(tmp_path: Path) -> None:
    """What fails the check is not kept."""

    class Broken(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().embed(texts) * np.float32(np.nan)

    with pytest.raises(EmbeddingError, match="not finite"):
        CachedEmbedder(Broken(), tmp_path / "v.sqlite3").embed(["a"])
    assert CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3").embed(["a"]).shape == (1, DIMENSION)


def test_settings_name_the_embedder(tmp_path: Path) -> None:
    """`hash` needs no model; any other name is a sentence-transformers model, loaded once, when first used."""
    hashed = embedder_of(Settings(home=tmp_path, embedding_model="hash"))
    assert (hashed.name, hashed.embed(["a"]).shape) == ("hash-384", (1, DIMENSION))
    assert (tmp_path / "cache" / "vectors.sqlite3").exists()
    default = embedder_of(Settings(home=tmp_path))
    assert (default.name, default.dimension) == ("all-MiniLM-L6-v2", DIMENSION)
    assert embedder_of(Settings(home=tmp_path))._inner is default._inner


@pytest.mark.parametrize("number", [b"", b"odd", bytes(4), b"\xff\xff\xff\xff", b"\x01\x7f\x01\x7f"])
def test_a_damaged_vector_is_made_again(tmp_path: Path, number: bytes) -> None:
    """Not finite, without direction or of another length: it is not used, and a sound one takes its place."""
    path = tmp_path / "v.sqlite3"
    expected = CachedEmbedder(HashEmbedder(), path).embed(["a", "b"])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE vector SET floats = ?", (number * DIMENSION,))
    assert np.array_equal(CachedEmbedder(HashEmbedder(), path).embed(["a", "b"]), expected)
    with closing(sqlite3.connect(path)) as file:
        assert {len(floats) for (floats,) in file.execute("SELECT floats FROM vector")} == {4 * DIMENSION}


class Dense(HashEmbedder):
    """Vectors without zeros."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = super().embed(texts) + 0.01 * np.arange(1, DIMENSION + 1)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_the_cache_is_its_owners_and_overwrites_what_it_forgets(tmp_path: Path) -> None:
    """Nobody else reads it, whatever the umask; no byte of a forgotten vector is left in its files."""
    path = tmp_path / "cache" / "v.sqlite3"
    before = os.umask(0)
    try:
        cache = CachedEmbedder(Dense(), path)
        vectors = cache.embed(["kept", "secret"])
    finally:
        os.umask(before)
    assert (stat.S_IMODE(path.parent.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)
    assert cache.forget(["secret"]) == 1
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert vectors[0].tobytes()[:64] in stored
    assert vectors[1].tobytes()[:64] not in stored
