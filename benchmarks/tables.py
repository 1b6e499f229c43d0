"""How fast a large table loads, and in how much memory: `python -m benchmarks.tables --people 100000`."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import psutil

from benchmarks.machine import describe
from persona_db.graph import server
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.models import HistoryItem, Model
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load, open_source
from persona_db.loaders.rows import ignore

__all__ = ["TableReport", "measure", "write_table"]

OPTIONS = ("strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree")
AT_ONCE = 5_000


class TableReport(Model):
    """What loading a table took; its texts have vectors by hash, which take no time and no memory."""

    people: int
    answers: int
    file_mb: float
    read_seconds: float
    load_seconds: float
    loader_cpu_seconds: float
    server_cpu_seconds: float
    answers_a_second: int
    memory_before_mb: int
    memory_mb: int
    """Most memory of the loading process."""


def write_table(path: Path, *, people: int, questions: int, seed: int) -> None:
    """Write a Parquet file of people who answered all questions, a few blanks aside, with a region each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    words = np.array([*OPTIONS, None], dtype=object)
    names = [f"q{number:03}" for number in range(questions)]
    schema = pa.schema([("id", pa.string()), ("region", pa.string()), *((name, pa.string()) for name in names)])
    with pq.ParquetWriter(path, schema) as file:
        for start in range(0, people, AT_ONCE):
            count = min(AT_ONCE, people - start)
            lean = rng.normal(size=(count, 1))
            drawn = np.clip(np.round(lean + rng.normal(size=(count, questions)) + 2), 0, 4).astype(int)
            drawn[rng.random(drawn.shape) < 0.005] = 5
            columns = {
                "id": [f"p{person:07}" for person in range(start, start + count)],
                "region": rng.choice(["north", "east", "south", "west"], size=count).tolist(),
                **{name: words[drawn[:, place]].tolist() for place, name in enumerate(names)},
            }
            file.write_table(pa.table(columns, schema=schema))


def measure(people: int, *, questions: int, seed: int, home: Path) -> TableReport:
    """Load a table of that size into a server of its own."""
    path = home / "table.parquet"
    write_table(path, people=people, questions=questions, seed=seed)
    settings = Settings(neo4j_uri=None, home=home, cache=Settings().cache_dir)
    began = perf_counter()
    answers = sum(isinstance(record, HistoryItem) for record in open_source("table", [path]).read(ignore))
    read_seconds = perf_counter() - began
    before = _memory_mb()
    try:
        with Graph.connect(settings) as graph:
            process = psutil.Process(server.ensure_running(settings).pid)
            began, loader_began, server_began = perf_counter(), process_time(), _cpu_seconds(process)
            load(graph, open_source("table", [path]), dataset="table", embedder=HashEmbedder())
            seconds = perf_counter() - began
            loader_cpu, server_cpu = process_time() - loader_began, _cpu_seconds(process) - server_began
    finally:
        server.stop(settings)
    return TableReport(
        people=people,
        answers=answers,
        file_mb=round(path.stat().st_size / 2**20, 1),
        read_seconds=round(read_seconds, 1),
        load_seconds=round(seconds, 1),
        loader_cpu_seconds=round(loader_cpu, 1),
        server_cpu_seconds=round(server_cpu, 1),
        answers_a_second=int(answers / seconds),
        memory_before_mb=before,
        memory_mb=_memory_mb(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured, as JSON; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="persona-db-bench-") as scratch:
        report = measure(given.people, questions=given.questions, seed=given.seed, home=Path(scratch))
    print(report.model_dump_json(indent=2))
    print(describe().model_dump_json(indent=2))
    return 0


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory_mb() -> int:
    """Return the most memory that this process has had so far; Linux counts in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
