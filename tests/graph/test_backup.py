"""A backup holds the whole graph, and one that is damaged changes nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_db.graph import server
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import ConfigError, ServerError
from persona_db.graph.server.backup import back_up, restore
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import dump, make_world, store


@pytest.fixture
def own(neo4j_server: server.Connection, neo4j_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a server for this test alone."""
    settings = neo4j_settings.model_copy(update={"home": tmp_path / "home"})
    yield settings
    server.stop(settings)


def test_what_was_backed_up_comes_back(own: Settings, tmp_path: Path) -> None:
    """Equal to what it was, after all was dropped; a damaged file is refused, and the graph is as before."""
    file, damaged = tmp_path / "town.dump", tmp_path / "damaged.dump"
    with Graph.connect(own) as graph:
        store(graph, "town", make_world(seed=1))
        before = dump(graph, "town")
    made = back_up(own, file)
    assert (made.bytes, made.restarted, stat.S_IMODE(file.stat().st_mode)) == (file.stat().st_size, True, 0o600)
    assert [path.name for path in tmp_path.iterdir() if "dump" in path.name] == ["town.dump"]
    with pytest.raises(ConfigError, match="exists already"):
        back_up(own, file)
    whole = file.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ServerError, match="did not pass"):
        restore(own, damaged)
    with Graph.connect(own) as graph:
        assert dump(graph, "town") == before
        drop_dataset(graph, "town")
    restore(own, file)
    with Graph.connect(own) as graph:
        assert dump(graph, "town") == before


def test_a_server_of_somebody_else_is_not_backed_up(tmp_path: Path) -> None:
    """It is said whose tool does it."""
    with pytest.raises(ConfigError, match="neo4j-admin"):
        back_up(Settings(neo4j_uri="bolt://127.0.0.1:1"), tmp_path / "x.dump")
