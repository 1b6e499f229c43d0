"""A start cache is used where it fits and is whole, and nothing depends on it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from persona_db.graph.server import start_cache, training
from persona_db.graph.server.java import Java, find_java
from persona_db.graph.server.lock import read_lock
from persona_db.graph.settings import Settings

JAVA = Java(executable=Path("java"), major=25, build="25.0.2")


@pytest.fixture
def jars(tmp_path: Path) -> list[Path]:
    """A few files in the place of the jars."""
    made = [tmp_path / f"{name}.jar" for name in "ab"]
    for jar in made:
        jar.write_text(jar.name)
    return made


def kept(jars: list[Path], java: Java = JAVA, content: bytes = b"classes") -> Path:
    """Keep a start cache for *java* and *jars*."""
    file = start_cache.start_cache_file(java, jars)
    made = file.with_suffix(".made")
    made.write_bytes(content)
    start_cache.keep(made, file)
    return file


def used(jars: list[Path], java: Java = JAVA, *, suspect: bool = False, wanted: bool = True) -> Path | None:
    """Return the start cache that is used."""
    settings = Settings(start_cache=wanted)
    return start_cache.with_start_cache(java, jars, settings=settings, suspect=suspect).start_cache


def test_one_that_was_kept_is_used(jars: list[Path]) -> None:
    """By that Java, whatever its heap; not where a setting says otherwise."""
    file = kept(jars)
    assert used(jars) == used(jars, suspect=True) == file
    assert used(jars, wanted=False) is None
    options = start_cache.with_start_cache(JAVA, jars, settings=Settings()).options(heap_mb=300)
    assert f"-XX:AOTCache={file}" in options
    assert "AOTCache" not in " ".join(JAVA.options(heap_mb=300))


@pytest.mark.parametrize("other", [{"build": "25.0.3"}, {"major": 21}])
def test_another_java_has_another(jars: list[Path], other: dict[str, object]) -> None:
    """Java 21 has none."""
    kept(jars)
    assert used(jars, JAVA.model_copy(update=other)) is None


def test_other_jars_have_another(jars: list[Path]) -> None:
    """The one of the jars before goes when theirs is kept."""
    before = kept(jars)
    jars[0].write_text("another")
    assert used(jars) is None
    assert kept(jars) == used(jars)
    assert sorted(path.name for path in before.parent.glob("start-*")) == sorted(
        start_cache.start_cache_file(JAVA, jars).with_suffix(suffix).name for suffix in (".aot", ".json")
    )


def test_a_damaged_one_is_not_used(jars: list[Path]) -> None:
    """One of another length at no time; after a crash one of other bytes neither, and it goes."""
    file = kept(jars)
    file.write_bytes(b"class")
    assert used(jars) is None
    file.write_bytes(b"CLASSES")
    assert used(jars, suspect=True) is None
    assert not file.exists()


def test_what_could_not_be_made_is_not_tried_again(jars: list[Path]) -> None:
    """The reason stays until there is another Java, or other jars."""
    file = start_cache.start_cache_file(JAVA, jars)
    assert not start_cache.is_given_up(file)
    start_cache.note_failure(file, "")
    assert start_cache.is_given_up(file)
    assert used(jars) is None


def test_one_with_which_no_server_starts_goes_and_is_not_made_again(jars: list[Path]) -> None:
    """Servers then start as without."""
    file = kept(jars)
    start_cache.forget(file)
    assert not file.exists()
    assert start_cache.is_given_up(file)
    assert used(jars) is None


@pytest.mark.parametrize("content", [b"", b"rubbish", bytes(1 << 16)])
def test_one_that_java_cannot_read_is_ignored(tmp_path: Path, content: bytes) -> None:
    """Java says nothing of it, and runs."""
    file = tmp_path / "start.aot"
    file.write_bytes(content)
    java = find_java().model_copy(update={"start_cache": file})
    command = [str(java.executable), *java.options(heap_mb=128), "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == java.build.splitlines()


def test_none_is_begun_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without the jars, nor where a setting says otherwise."""
    settings = Settings(cache=tmp_path)
    assert not training.prepare_start_cache(settings)
    folder = tmp_path / f"neo4j-{read_lock().neo4j}"
    folder.mkdir()
    for jar in read_lock().jars:
        (folder / jar.name).touch()
    with monkeypatch.context() as patch:
        patch.setattr(training, "free_bytes", lambda folder: 0)
        assert not training.prepare_start_cache(settings)
    with monkeypatch.context() as patch:
        patch.setattr(training, "MEMORY_MB", 10**9)
        assert not training.prepare_start_cache(settings)
    assert not training.prepare_start_cache(settings.model_copy(update={"start_cache": False}))
    assert not list(folder.glob("start-*"))
