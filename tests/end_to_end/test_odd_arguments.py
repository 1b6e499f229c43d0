"""No command line makes a traceback: what can't be used is told in one line, or with how the command is used."""

from __future__ import annotations

import os
import socket
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from tests.odd_arguments import ODD, URIS, odd_command_lines

from .command_line import TOWN, CommandLine

LINES = int(os.environ.get("ODD_COMMAND_LINES", "1000"))
"""How many are tried; a thousand and more where the environment says so."""
SECONDS = 10.0
SLOW = 2.0


def told(cli: CommandLine, *arguments: str) -> int:
    """Run it; return its exit status. An exception that is none of ours fails the test."""
    done = cli(*arguments)
    assert "Traceback" not in done.err
    done.err.encode()
    assert done.status in (0, 1, 2), done
    if done.status == 1 and not done.out:
        assert [line for line in done.err.splitlines() if line.startswith("persona-db: ")], done.err
    return done.status


def test_odd_command_lines(cli: CommandLine, town: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand of them, drawn anew for each number of lines; most are refused and some are done."""
    monkeypatch.chdir(tmp_path)
    seen = {told(cli, *arguments) for arguments in odd_command_lines(LINES, LINES)}
    assert {1, 2} <= seen


@pytest.mark.parametrize("command", ["users", "join", "predict", "recall", "erase", "export-person", "query"])
def test_each_odd_value(
    command: str, cli: CommandLine, town: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the user, and as the dataset."""
    monkeypatch.chdir(tmp_path)
    user = [] if command == "users" else ["--"]
    for odd in ODD[:: 1 if LINES > 1000 else 3]:
        told(cli, command, "--dataset", town, *user, odd)
        told(cli, command, *(["ada"] if user else []), f"--dataset={odd}")


def test_odd_addresses(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """NEO4J_URI of any kind is told in one line, and one where nobody answers within ten seconds."""
    for uri in URIS:
        try:
            monkeypatch.setenv("NEO4J_URI", uri)
        except UnicodeEncodeError:
            continue
        started = time.perf_counter()
        assert told(cli, "users", "--dataset", "x") == 1
        assert time.perf_counter() - started < SECONDS, uri


def test_a_home_that_cannot_be_written(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, whatever the command."""
    for home in ("/proc/nowhere", "/dev/null/home", "/dev/null"):
        monkeypatch.setenv("PERSONA_DB_HOME", home)
        for command in (["status"], ["users", "--dataset", "x"], ["up"], ["backup", "x.dump"], ["down"]):
            told(cli, *command)


def test_a_server_that_says_nothing(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the call, and does not answer: told within ten seconds."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        monkeypatch.setenv("NEO4J_URI", f"bolt://127.0.0.1:{silent.getsockname()[1]}")
        started = time.perf_counter()
        assert told(cli, "users", "--dataset", "x") == 1
        assert time.perf_counter() - started < SECONDS


def test_an_interrupted_command_says_what_was_done(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that the same command resumes; then it does."""
    load = ("load", "jsonl", TOWN, "--dataset", "end-to-end-interrupted")
    module = sys.modules.get("persona_db.chains.refinement.refine") or import_module(
        "persona_db.chains.refinement.refine"
    )

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert cli(*load).status == 0
    with monkeypatch.context() as patch:
        patch.setattr(module, "segment_people", interrupt)
        done = cli("refine", "--dataset", "end-to-end-interrupted")
    assert done.status == 130
    assert "interrupted while " in done.err
    assert "the same command resumes from there" in done.err
    assert cli("refine", "--dataset", "end-to-end-interrupted").status == 0
    with monkeypatch.context() as patch:
        patch.setattr("persona_db.graph.session.Graph.connect", interrupt)
        assert "before anything was changed" in cli("users", "--dataset", "end-to-end-interrupted").err
