"""No command line makes a traceback: what can't be used is told in one line, or with how the command is used."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.odd_arguments import ODD, URIS, odd_command_lines

from .command_line import CommandLine

LINES = int(os.environ.get("ODD_COMMAND_LINES", "150"))
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
    """A hundred and fifty of them, drawn anew for each number of lines; most are refused and some are done."""
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
    for odd in ODD[: None if LINES > 150 else 24]:
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
