"""How long a command takes as its user waits for it, with the embedded server running: `python -m benchmarks.commands`.

Each command is a process of its own, ten times after one that is not counted, on the town of docs/example. The
processor's time is shown beside the clock's: on a machine with other work it says more.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from persona_db.graph.settings import Settings

TOWN = Path(__file__).resolve().parents[1] / "docs" / "example" / "town.jsonl"
COMMANDS = (
    ("--help",),
    ("users", "--dataset", "town"),
    ("join", "ada", "--dataset", "town"),
    ("recall", "ada", "cars", "--dataset", "town"),
    ("predict", "ada", "cars", "--dataset", "town"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commands", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each command that count (10)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="persona-db-commands-") as scratch:
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith(("NEO4J_", "PERSONA_DB_"))
        }
        environment |= {"PERSONA_DB_HOME": scratch, "PERSONA_DB_CACHE": str(Settings().cache_dir)}
        try:
            _run(("load", "jsonl", str(TOWN), "--dataset", "town", "--sharing", "history"), environment)
            _run(("refine", "--dataset", "town"), environment)
            print("| command | runs | median s | processor s |\n|---|---|---|---|")
            for command in COMMANDS:
                taken = [_run(command, environment) for _ in range(given.runs + 1)][1:]
                wall, processor = (median(column) for column in zip(*taken, strict=True))
                print(f"| {' '.join(command)} | {given.runs} | {wall:.2f} | {processor:.2f} |", flush=True)
        finally:
            _run(("down",), environment)
    return 0


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Run a command; return its seconds by the clock and of the processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(
        [sys.executable, "-m", "persona_db.cli.main", *command], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    wall, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
