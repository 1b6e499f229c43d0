"""Command lines, run in this process as `persona-db` would run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

__all__ = ["ROOT", "TOWN", "CommandLine", "Done", "load_and_refine"]

ROOT = Path(__file__).resolve().parents[2]
TOWN = ROOT / "docs" / "example" / "town.jsonl"


class Done(NamedTuple):
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Return what it printed on stdout; there must be nothing else there."""
        return json.loads(self.out)


class CommandLine:
    """Runs command lines in this process, as `persona-db` would."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Done:
        from persona_db.cli.main import main

        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return Done(int(exit_.value.code or 0), printed.out, printed.err)

    def json(self, *arguments: str | Path) -> Any:
        """Run with --json, and return what was printed; it must succeed and say nothing else."""
        done = self(*arguments, "--json")
        assert (done.status, done.err) == (0, "")
        return done.json()


def load_and_refine(cli: CommandLine, dataset: str) -> str:
    """Load the example into a dataset and refine it, and return the dataset's name; quick when it was done before."""
    assert cli("load", "jsonl", TOWN, "--dataset", dataset, "--sharing", "history").status == 0
    assert cli("refine", "--dataset", dataset).status == 0
    return dataset
