"""A server takes its classes from the start cache, and starts whatever has become of that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from persona_db.graph import server
from persona_db.graph.server import training
from persona_db.graph.server.home import Home
from persona_db.graph.server.java import find_java
from persona_db.graph.server.lock import read_lock
from persona_db.graph.server.process import find_strays
from persona_db.graph.server.start_cache import can_cache, is_there, note_failure, start_cache_file
from persona_db.graph.server.starting import TRAINING, drop_training, training_lock
from persona_db.graph.settings import Settings


@pytest.fixture
def own(neo4j_server: server.Connection, neo4j_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a server for this test alone, whose jars are those of the others by links."""
    folder = tmp_path / "cache" / f"neo4j-{read_lock().neo4j}"
    folder.mkdir(parents=True)
    theirs = neo4j_settings.cache_dir / folder.name
    for jar in read_lock().jars:
        (folder / jar.name).symlink_to(theirs / jar.name)
    (folder / "verified.json").write_bytes((theirs / "verified.json").read_bytes())
    settings = neo4j_settings.model_copy(update={"home": tmp_path / "home", "cache": tmp_path / "cache"})
    yield settings
    server.stop(settings)
    drop_training(folder)


def folder_of(settings: Settings) -> Path:
    return settings.cache_dir / f"neo4j-{read_lock().neo4j}"


def file_of(settings: Settings) -> Path:
    """Return where the start cache is, or would be."""
    return start_cache_file(find_java(), [folder_of(settings) / jar.name for jar in read_lock().jars])


def mapped(connection: server.Connection) -> bool:
    """Tell whether the server reads a start cache."""
    return any(".aot" in one.path for one in psutil.Process(connection.pid).memory_maps())


def test_a_server_reads_the_one_that_was_made(neo4j_settings: Settings, own: Settings) -> None:
    """With another heap than it was made with, and says nothing of it."""
    if not can_cache(neo4j_settings, find_java()):
        pytest.skip("this Java is too old to make a start cache")
    made = file_of(neo4j_settings)
    assert is_there(made), "none was made"
    for suffix in (".aot", ".json"):
        file_of(own).with_suffix(suffix).symlink_to(made.with_suffix(suffix))
    assert mapped(server.ensure_running(own.model_copy(update={"heap_mb": 700})))
    assert "aot" not in Home(own.data_dir).console_log.read_text()


def test_one_that_is_being_made_when_all_is_killed_leaves_nothing(own: Settings) -> None:
    """No half file, and the next start ends the server that it was to be made of."""
    assert training.prepare_start_cache(own)
    unfinished = Home(folder_of(own) / TRAINING)
    deadline = time.monotonic() + 120
    while not find_strays(unfinished) and time.monotonic() < deadline:
        time.sleep(0.05)
    [left] = find_strays(unfinished)
    training._children[-1].kill()
    training._children[-1].wait()
    assert not file_of(own).exists()
    assert left.is_running()
    server.ensure_running(own)
    assert find_strays(unfinished) == []
    assert not unfinished.folder.exists()


def test_only_one_is_made_at_a_time(own: Settings) -> None:
    """A second process leaves it to the first, and one that failed is not tried again."""
    with training_lock(folder_of(own)):
        assert not training.make_start_cache(own)
    note_failure(file_of(own), "it was refused")
    assert not training.prepare_start_cache(own)
    assert not training.make_start_cache(own)
