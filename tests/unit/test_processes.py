"""Names that are shared out to processes: each is taken once, and no failure is lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from persona_db.evals.experiments.processes import run_apart
from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress

NAMES = [f"n{place}" for place in range(7)]


def note(number: int, names: Iterator[str], progress: Progress, *, folder: Path, faulty: str = "") -> None:
    """Leave a file for each name, which says by which process."""
    for name in names:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{number}\n")
        progress("writing", 1, 1)
        if name == faulty:
            raise ConfigError(f"{name} is faulty")


def test_every_name_is_taken_once_and_told(tmp_path: Path) -> None:
    """By one of the processes there are; the last that is told is that all are done."""
    told: list[tuple[str, int, int | None]] = []
    run_apart(
        partial(note, folder=tmp_path), NAMES, jobs=2,
        progress=lambda what, done, total=None: told.append((what, done, total)),
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} <= {"0\n", "1\n"}
    assert [what for what, _, _ in told if what == f"{NAMES[0]}: writing"] == [f"{NAMES[0]}: writing"]
    assert told[-1] == ("experiments", len(NAMES), len(NAMES))


def test_a_failure_is_raised_and_ends_the_work(tmp_path: Path) -> None:
    """Of one process none takes a further name after it."""
    with pytest.raises(ConfigError, match="n2 is faulty"):
        run_apart(partial(note, folder=tmp_path, faulty="n2"), NAMES, jobs=1, progress=no_progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES[:3]
