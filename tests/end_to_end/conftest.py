"""One Neo4j for the whole folder, in a home of its own, which the commands find by the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_db.graph import server
from persona_db.graph.errors import ServerError
from persona_db.graph.settings import Settings

pytest.register_assert_rewrite("tests.end_to_end.command_line")

from .command_line import CommandLine, load_and_refine  # noqa: E402

HERE = Path(__file__).parent
HEAP_MB = 512


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: it needs a real Neo4j."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.neo4j)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, start_cache: None) -> Iterator[dict[str, str]]:
    """The environment that leads a command to this folder's server, which is running."""
    cache = Settings().cache_dir
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "PERSONA_DB_"))}
    made = kept | {
        "PERSONA_DB_HOME": str(tmp_path_factory.mktemp("end-to-end")),
        "PERSONA_DB_CACHE": str(cache),
        "PERSONA_DB_HEAP_MB": str(HEAP_MB),
    }
    settings = Settings(home=Path(made["PERSONA_DB_HOME"]), cache=cache, heap_mb=HEAP_MB)
    try:
        server.ensure_running(settings)
    except ServerError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Neo4j could be started: {exc}")
    yield made
    server.stop(settings)


@pytest.fixture
def use_server(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's environment leads to the folder's server, and to quick vectors that need no torch."""
    for name in [name for name in os.environ if name.startswith(("NEO4J_", "PERSONA_DB_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if name.startswith("PERSONA_DB_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")


@pytest.fixture
def cli(use_server: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, on the folder's server."""
    return CommandLine(capsys)


@pytest.fixture
def town(cli: CommandLine) -> str:
    """The example, refined; no test changes it."""
    return load_and_refine(cli, "end-to-end-town")
