"""`up` and `down` leave a server alone that is not theirs, and `status` starts none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from persona_db.cli.down import down
from persona_db.cli.status import status
from persona_db.cli.up import up

app = typer.Typer()
for command in (up, down, status):
    app.command()(command)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no server named."""
    for name in ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_USER", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PERSONA_DB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> str:
    """Return what the command prints on stdout."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_server_that_is_given_is_left_alone(command: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NEO4J_URI set, `up` and `down` start, stop and write nothing."""
    monkeypatch.setenv("NEO4J_URI", "bolt://graph.example:7687")
    assert run(command).startswith("NEO4J_URI is set: persona-db uses bolt://graph.example:7687")
    told = json.loads(run(command, "--json"))
    assert (told["embedded"], told["uri"]) == (False, "bolt://graph.example:7687")
    assert not home.exists()


def test_status_of_nothing(home: Path) -> None:
    """Without a server `status` says so, names the command that starts one, and starts none."""
    printed = run("status").splitlines()
    assert printed[0] == "Neo4j is not running"
    assert f"Data folder    {home / 'data'}" in printed
    assert "`persona-db up` starts it" in printed[-1]
    told = json.loads(run("status", "--json"))
    assert (told["running"], told["uri"], told["datasets"]) == (False, None, [])
    assert not home.exists()


def test_nothing_is_stopped_twice(home: Path) -> None:
    """`down` without a running server is no error."""
    assert run("down") == "Neo4j was not running\n"
    assert json.loads(run("down", "--json"))["stopped"] is False
    assert not home.exists()
