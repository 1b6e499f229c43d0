"""Kills at random moments of load, refine, as-of, erase and refit: the graph ends as without them.

    python -m benchmarks.chaos --kills 100

Each round runs the five commands on a dataset of its own, in a home of its own. One of them is killed, or the server
is, at a random moment; then the same command is run again. The graph must equal that of an undisturbed round, to the
last property.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from persona_db.graph import server
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import dump

__all__ = ["Rounds", "main", "rounds"]

TOWN = Path(__file__).resolve().parents[1] / "docs" / "example" / "town.jsonl"
PEOPLE = 12
PATIENCE_SECONDS = 300
SLOWEST_SECONDS = 4.0
"""A kill comes at most so long after the start of a command where its length is not known yet."""


def steps(dataset: str, town: Path) -> Sequence[Sequence[str]]:
    """The commands of a round."""
    at = ("--dataset", dataset)
    return (
        ("load", "jsonl", str(town), *at, "--sharing", "history"),
        ("refine", *at),
        ("refine", *at, "--as-of", "2025-06-30"),
        ("erase", "ben", *at, "--yes"),
        ("refine", *at, "--refit"),
    )


@dataclass
class Rounds:
    """Rounds in one home, and what became of them."""

    settings: Settings
    draw: Random
    town: Path
    kills: int = 0
    of_server: int = 0
    differing: list[str] = field(default_factory=list)
    _seconds: dict[int, float] = field(default_factory=dict)
    _whole: list[str] = field(default_factory=list)

    def undisturbed(self) -> None:
        """Run a round without a kill, which the others are compared with."""
        self._whole = self._round("chaos-whole", killed=None)

    def disturbed(self, number: int) -> None:
        """Run a round with one kill."""
        step = self.draw.randrange(5)
        found = self._round(f"chaos-{number}", killed=step)
        if found != self._whole:
            lost, more = len(set(self._whole) - set(found)), len(set(found) - set(self._whole))
            self.differing.append(f"round {number}, step {step + 1}: {lost} lost, {more} more")

    def _round(self, dataset: str, *, killed: int | None) -> list[str]:
        for place, command in enumerate(steps(dataset, self.town)):
            if place == killed:
                self._killed(place, command)
            began = time.monotonic()
            status = _start(command, self._environment()).wait(PATIENCE_SECONDS)
            self._seconds.setdefault(place, time.monotonic() - began)
            if status not in (0, 1) or (status == 1 and place != killed):
                self.differing.append(f"{dataset}, step {place + 1}: exit status {status}")
        with Graph.connect(self.settings) as graph:
            graph.await_indexes()
            found = [line for line in dump(graph, dataset) if "'Statement'" not in line or "'SAYS'" in line]
            drop_dataset(graph, dataset)
        return found

    def _killed(self, place: int, command: Sequence[str]) -> None:
        """Run a command and kill it, or its server, on the way."""
        process = _start(command, self._environment())
        time.sleep(self.draw.uniform(0.2, self._seconds.get(place, SLOWEST_SECONDS)))
        if self.draw.random() < 0.5:
            process.kill()
            self.kills += 1
        elif (known := server.status(self.settings)) is not None and known.pid is not None:
            os.kill(known.pid, signal.SIGKILL)
            self.kills, self.of_server = self.kills + 1, self.of_server + 1
        process.wait(PATIENCE_SECONDS)

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "PERSONA_DB_"))}
        return kept | {
            "PERSONA_DB_HOME": str(self.settings.home), "PERSONA_DB_CACHE": str(self.settings.cache_dir),
            "PERSONA_DB_EMBEDDING_MODEL": "hash", "PERSONA_DB_HEAP_MB": "512",
        }  # fmt: skip


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # our own command line
        [sys.executable, "-m", "persona_db.cli.main", *command],
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _some_of_town(path: Path) -> Path:
    """Write the example with fewer people, so that a round takes seconds, and return the file."""
    lines = [json.loads(line) for line in TOWN.read_text(encoding="utf-8").splitlines()]
    people = sorted({line["user"] for line in lines if "user" in line})[:PEOPLE]
    kept = [
        line for line in lines if line.get("user", line.get("id") if line.get("type") == "user" else None) in people
    ]
    asked = [line for line in lines if line.get("type") == "question"]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in [*asked, *kept]), encoding="utf-8")
    return path


@contextmanager
def rounds(seed: int) -> Iterator[Rounds]:
    """Yield rounds in a home that is removed in the end."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "cache")  # erasing takes answers out of a cache, and the user's is none to try that on
        own.mkdir()
        for jars in Settings().cache_dir.glob("neo4j-*"):
            (own / jars.name).symlink_to(jars)
        settings = Settings(home=Path(folder), heap_mb=512)
        try:
            yield Rounds(settings, Random(seed), _some_of_town(Path(folder) / "some.jsonl"))
        finally:
            server.stop(settings)


def main() -> int:
    """Run rounds and print what became of them; return 1 when a graph differed."""
    parser = argparse.ArgumentParser(description="Kills at random moments.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0, help="no round begins later")
    given = parser.parse_args()
    ends = time.monotonic() + 60 * given.minutes
    with rounds(given.seed) as made:
        made.undisturbed()
        number = 0
        while made.kills < given.kills and time.monotonic() < ends:
            number += 1
            made.disturbed(number)
            print(f"{number}: {made.kills} kills, {len(made.differing)} differing", flush=True)
        print(f"{made.kills} kills ({made.of_server} of Neo4j): {len(made.differing)} graphs differ")
        for line in made.differing:
            print(line)
    return 1 if made.differing else 0


if __name__ == "__main__":
    sys.exit(main())
