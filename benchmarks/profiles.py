"""How long `Personas.profile` and `add` take on made-up people: `python -m benchmarks.profiles`.

People have 12 answers of 40 questions each, by four traits; they are loaded and refined as the commands do. Profiles
are asked for one after another, each of another person. The table is `benchmarks/profiles.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.answers import MadeUpSurvey
from benchmarks.machine import describe
from benchmarks.run import Tell
from benchmarks.timing import Latency, timed
from persona_db.chains.personas import Personas
from persona_db.chains.refinement.refine import refine
from persona_db.graph import server
from persona_db.graph.embedding import embedder_of
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import load

LIMIT_MS = 50.0
"""What the 95th percentile of a profile has to stay below."""
WARM_UP = 50
ADDED = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; return 1 when a profile is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000, help="made-up people (100,000)")
    parser.add_argument("--calls", type=int, default=1_000, help="profiles (1,000)")
    parser.add_argument("--dataset", help="measure this dataset, which is there and refined, and add nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("profiles.md"), help="the table's file")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="persona-db-profiles-") as scratch:
        settings = Settings()
        if not given.dataset:
            settings = Settings(home=Path(scratch), cache=settings.cache_dir, neo4j_uri=None)
        try:
            with Graph.connect(settings) as graph:
                rows = measured(graph, given.users, given.calls, given.dataset)
        finally:
            if not given.dataset:
                server.stop(settings)
    found = describe()
    command = " ".join(["python -m benchmarks.profiles", *(arguments if arguments is not None else sys.argv[1:])])
    head = (
        "# Profiles\n\n"
        f"Milliseconds a call in one process on one machine, {datetime.now(UTC):%Y-%m-%d}: "
        f"{found.processor}, {found.cores} cores, {found.memory_gb} GB, {found.system}.\n"
        f"Made by `{command}`; the 95th percentile of a profile has to stay below {LIMIT_MS:.0f} ms.\n\n"
        "| people | call | calls | median | p95 | slowest |\n|---|---|---|---|---|---|\n"
    )
    lines = [
        f"| {people} | {call} | {one.calls:,} | {one.median_ms:.0f} | {one.p95_ms:.0f} | {one.most_ms:.0f} |\n"
        for people, call, one in rows
    ]
    given.out.write_text(head + "".join(lines), encoding="utf-8")
    sys.stdout.write("".join(lines))
    return int(any(call == "profile" and one.p95_ms > LIMIT_MS for _, call, one in rows))


def measured(graph: Graph, users: int, calls: int, dataset: str | None) -> list[tuple[str, str, Latency]]:
    """Return (people, call, how long) for profiles, and for adding answers where the people are made here."""
    tell = Tell()
    name = dataset or "profiles"
    if dataset is None:
        embedder = embedder_of(graph.settings)
        load(
            graph, MadeUpSurvey(users), dataset=name, sharing=Sharing.HISTORY, embedder=embedder, progress=tell
        )  # fmt: skip
        refine(graph, name, embedder=embedder, progress=tell)
    people = Personas(graph, name)
    ids = [row["user"] for row in graph.read("user_versions", dataset=name, fit="")]
    chosen = [str(ids[place]) for place in np.random.default_rng(0).permutation(len(ids))[: calls + WARM_UP]]
    label = f"{len(ids):,}"
    rows = [(label, "profile", timed(people.profile, chosen[WARM_UP:], warm_up=chosen[:WARM_UP])[0])]
    if dataset is None:
        question = MadeUpSurvey(users).asked()[0]

        def add(user: str) -> bool:
            return people.add(user, question=question.id, option=question.options[0]).folded_in

        rows.append((label, "add", timed(add, chosen[2 : 2 + ADDED], warm_up=chosen[:2])[0]))
    return rows


if __name__ == "__main__":
    sys.exit(main())
