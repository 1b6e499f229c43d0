"""A disk that fills up during load or refine costs nothing: with room again, the same command completes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_db.graph import server
from persona_db.graph.errors import DiskFullError
from persona_db.graph.server.home import Home
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.small_disk import CannotMountError, SmallDisk, small_disk
from tests.synthetic import dump

pytestmark = pytest.mark.mounts
MEGABYTES = 320
SEED = 24
EXPECTED = ("DiskFullError", "GraphUnavailableError", "GraphStoppedError")
POINTS = int(os.environ.get("FULL_DISK_POINTS", "1"))
"""Random moments at which the disk is filled."""
SCRIPT = """
import sys
from pathlib import Path
from persona_db.chains.refinement.refine import refine
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import PersonaDBError
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source

home, cache, path, dataset = sys.argv[1:]
def told(what, done, total=None):
    print(what, done, flush=True)
settings = Settings(home=Path(home), cache=Path(cache), batch_size=100, heap_mb=512)
try:
    with Graph.connect(settings) as graph:
        load(graph, open_source("jsonl", [path]), dataset=dataset, embedder=HashEmbedder(), progress=told)
        refine(graph, dataset, embedder=HashEmbedder(), progress=told)
except PersonaDBError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    try:
        with small_disk(tmp_path_factory.mktemp("small"), megabytes=MEGABYTES) as made:
            yield made
    except CannotMountError as exc:
        pytest.skip(f"no small disk: {exc}")


@pytest.fixture(scope="module")
def settings(neo4j_server: server.Connection, neo4j_settings: Settings, disk: SmallDisk) -> Iterator[Settings]:
    """Settings of a server whose data lie on the small disk, and its caches elsewhere."""
    own = neo4j_settings.model_copy(update={"home": disk.folder / "home"})
    yield own
    server.stop(own)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred people who answer alike, and say something."""
    draw = random.Random(SEED)
    lines: list[dict[str, Any]] = [
        {"type": "question", "id": f"q{n}", "text": f"Question {n}?", "options": ["no", "yes"]} for n in range(12)
    ]
    for n in range(120):
        side = n % 2
        answers = ((q, side if draw.random() < 0.8 else 1 - side) for q in draw.sample(range(12), 9))
        lines += [{"user": f"u{n}", "question": f"q{q}", "option": ["no", "yes"][option]} for q, option in answers]
        lines.append({"user": f"u{n}", "text": f"{n} things {draw.random()}", "id": "said"})
    path = tmp_path_factory.mktemp("people") / "people.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def work(settings: Settings, path: Path, dataset: str, *, disk: SmallDisk | None = None, at: int = 0) -> Any:
    """Load and refine in a process of its own; the disk is filled after it told *at* times what it did."""
    arguments = [str(settings.home), str(settings.cache_dir), str(path), dataset]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = 0
        for line in process.stdout:
            told += not line.startswith("starting")
            if disk is not None and told == at:
                disk.fill()
        _, said = process.communicate(timeout=200)
    return process.returncode, said, told


def test_a_disk_that_fills_up_costs_nothing(settings: Settings, disk: SmallDisk, people: Path) -> None:
    """Filled at random points of load and refine, the graph is that of an undisturbed run after room is made."""
    status, said, told = work(settings, people, "whole")
    assert (status, said) == (0, "")
    draw = random.Random(SEED)
    for number in range(POINTS):
        dataset, at = f"filled-{number}", draw.randrange(1, told)
        status, said, _ = work(settings, people, dataset, disk=disk, at=at)
        assert status == 0 or said.splitlines()[-1].startswith(EXPECTED), said
        disk.make_room()
        status, said, _ = work(settings, people, dataset)
        assert (status, [line for line in said.splitlines() if "again" not in line]) == (0, []), said
        with Graph.connect(settings) as graph:
            assert dump(graph, dataset, versions=False) == dump(graph, "whole", versions=False), at


def test_a_full_disk_is_said_before_anything_is_written(settings: Settings, disk: SmallDisk, people: Path) -> None:
    """Reading goes on, writing names the folder and what is free, and a start is refused instead of tried."""
    with Graph.connect(settings) as graph:
        disk.fill()
        assert graph.read("list_datasets", dataset="nobody") == []
        with pytest.raises(DiskFullError, match=r"MB free.*make room"):
            graph.write("ensure_dataset", dataset="late", evaluation=False)
    server.stop(settings)
    with pytest.raises(DiskFullError, match="starting Neo4j"):
        server.ensure_running(settings)
    disk.make_room()
    with Graph.connect(settings) as graph:
        assert graph.read("find_dataset", dataset="late") == []


def test_a_torn_end_of_the_log_is_left_out(settings: Settings) -> None:
    """What was committed before it is there."""
    connection = server.ensure_running(settings)
    with Graph.connect(settings) as graph:
        before = graph.read("list_datasets", dataset=None)
    os.kill(connection.pid, 9)
    logs = (Home(settings.data_dir).folder / "data" / "transactions" / "neo4j").glob("neostore.transaction.db.*")
    newest = max(logs, key=lambda file: int(file.suffix[1:]))
    written = len(newest.read_bytes().rstrip(b"\0"))
    with newest.open("r+b") as file:
        file.seek(written)
        file.write(random.Random(SEED).randbytes(2_000))
    with Graph.connect(settings) as graph:
        assert graph.read("list_datasets", dataset=None) == before
