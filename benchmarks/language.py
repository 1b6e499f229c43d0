"""What refinement by a language model costs beside the model's own time: `python -m benchmarks.language`.

A scripted server in a process of its own answers every call in 500 ms. Refining 200 users is timed from the call of
`refine` to its return: reading, 400 calls, all writes, the settled Fit. Bare LangChain then makes the same calls,
the same prompts for the same schemas, for what its CPU time is. Ideal is calls x latency / concurrency.
Before, others are refined, so that the database is warm.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from benchmarks.machine import Machine, describe
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from persona_db.chains.language.prompts import Rendered
    from persona_db.chains.persona import Fact, UserHistory
    from persona_db.chains.refinement.report import RefineReport
    from persona_db.graph.session import Graph

__all__ = ["LanguageReport", "main", "measure"]

ROOT = Path(__file__).resolve().parents[1]
MOST_OVER_IDEAL, MOST_CPU_RATIO = 1.10, 2.0
DATASET = "benchmark"


class Timed(Model):
    """One way to make the calls."""

    calls: int
    seconds: float
    over_ideal: float = Field(description="Seconds over calls x latency / concurrency.")
    cpu_ms: float = Field(description="Of this process, a call; the server's are not in it.")


class LanguageReport(Model):
    """One run."""

    date: str
    command: str
    machine: Machine
    users: int
    texts: int
    concurrency: int
    latency_s: float
    load_average: float = Field(description="Of the machine, before it began.")
    refined: Timed
    bare: Timed
    cpu_ratio: float = Field(description="CPU a call of the refinement over that of bare LangChain.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write language.md and language.json; return 1 where a bound is passed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.language", description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--texts", type=int, default=5, help="things that each user said")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.5, help="seconds before the server answers")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args(arguments)
    command = " ".join(["python -m benchmarks.language", *(arguments if arguments is not None else sys.argv[1:])])
    report = measure(given.users, given.texts, given.concurrency, given.latency, command=command)
    (given.out / "language.json").write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (given.out / "language.md").write_text(_markdown(report), encoding="utf-8")
    print(_markdown(report))
    kept = report.refined.over_ideal <= MOST_OVER_IDEAL and report.cpu_ratio <= MOST_CPU_RATIO
    return 0 if kept else 1


def measure(users: int, texts: int, concurrency: int, latency: float, *, command: str = "") -> LanguageReport:
    """Refine, then make the same calls bare, and return what both took."""
    from persona_db.chains.language.models import open_model
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.chains.refinement.history_reader import HistoryReader
    from persona_db.chains.refinement.refine import refine
    from persona_db.graph import server
    from persona_db.graph.embedding import HashEmbedder
    from persona_db.graph.session import Graph
    from persona_db.graph.settings import Settings
    from tests.language_people import SCRIPTED, talkers
    from tests.synthetic import store

    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="persona-db-bench-") as scratch:
        settings = Settings(home=Path(scratch), cache=Settings().cache_dir)
        try:
            with Graph.connect(settings) as graph:
                _warm_up(graph, users, texts, concurrency)
                store(graph, DATASET, talkers(users, texts=texts))
                with _served(latency):
                    model = open_model(
                        SCRIPTED, settings=ModelSettings(concurrency=concurrency), cache=Path(scratch) / "calls.sqlite3"
                    )

                    def whole() -> RefineReport:
                        return refine(graph, DATASET, model=model, embedder=HashEmbedder())

                    made, refined = _timed(whole, lambda report: report.calls, latency / concurrency)
                    if (made.users, made.quarantined, made.repairs) != (users, 0, 0):
                        raise SystemExit(f"the refinement was not whole: {made}")
                    reader = HistoryReader(graph, DATASET, as_of="9999-12-31", embedder=None)
                    histories = list(reader.histories(_users(graph)))
                    _, bare = _timed(lambda: _bare(histories, concurrency), lambda calls: calls, latency / concurrency)
        finally:
            server.stop(settings)
    return LanguageReport(
        date=datetime.now(UTC).date().isoformat(),
        command=command,
        machine=describe(),
        users=users,
        texts=texts,
        concurrency=concurrency,
        latency_s=latency,
        load_average=round(load_average, 2),
        refined=refined,
        bare=bare,
        cpu_ratio=round(refined.cpu_ms / bare.cpu_ms, 2),
    )


@contextmanager
def _served(latency: float) -> Iterator[None]:
    """The scripted server in a process of its own, named by the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.language_server", "--latency", str(latency)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise SystemExit("the scripted server has no output")
        os.environ["OPENAI_BASE_URL"] = process.stdout.readline().strip()
        os.environ["OPENAI_API_KEY"] = "none"
        yield
    finally:
        process.terminate()
        process.wait()


def _timed(work: Callable[[], Any], calls_of: Callable[[Any], int], ideal_s: float) -> tuple[Any, Timed]:
    began, cpu = time.perf_counter(), time.process_time()
    made = work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    calls = calls_of(made)
    return made, Timed(
        calls=calls,
        seconds=round(seconds, 2),
        over_ideal=round(seconds / (calls * ideal_s), 3),
        cpu_ms=round(1e3 * cpu / calls, 2),
    )


def _warm_up(graph: Graph, users: int, texts: int, concurrency: int) -> None:
    """Refine as many others by a model that answers at once: imports and query plans are there, Java has compiled."""
    from persona_db.chains.language.models import open_model
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.chains.refinement.refine import refine
    from persona_db.graph.datasets import drop_dataset
    from persona_db.graph.embedding import HashEmbedder
    from tests.language_people import SCRIPTED, talkers
    from tests.synthetic import store

    with _served(0.0):
        for turn in range(2):
            name = f"warm-up-{turn}"
            store(graph, name, talkers(users, texts=texts))
            model = open_model(SCRIPTED, settings=ModelSettings(concurrency=concurrency))
            refine(graph, name, model=model, embedder=HashEmbedder())
            drop_dataset(graph, name)


def _users(graph: Graph) -> list[str]:
    return [row["user"] for row in graph.read("user_versions", dataset=DATASET, fit="")]


def _bare(histories: Sequence[UserHistory], concurrency: int) -> int:
    """Make the calls with nothing but LangChain: the prompts are made before, answers are read and dropped."""
    from langchain_openai import ChatOpenAI

    from persona_db.chains.language.outputs import Distillation, Induction
    from persona_db.chains.language.prompts import distil_prompt, induce_prompt

    chat = ChatOpenAI(model="scripted", temperature=0.0, seed=0, max_tokens=1024, max_retries=0)
    prompts: list[tuple[Rendered, type[Model]]] = []
    for history in histories:
        prompts.append((distil_prompt(history.items, history.attributes), Distillation))
        prompts.append((induce_prompt(history.items, _facts_like(history), history.attributes), Induction))
    calls = 0
    for output in (Distillation, Induction):
        structured = chat.with_structured_output(output, method="json_schema", include_raw=True)
        messages: list[Any] = [list(prompt.messages) for prompt, wanted in prompts if wanted is output]
        answers = structured.batch(messages, {"max_concurrency": concurrency})
        calls += sum(answer["parsed"] is not None for answer in answers)
    if calls != len(prompts):
        raise SystemExit(f"{len(prompts) - calls} bare calls had no answer that fits")
    return calls


def _facts_like(history: UserHistory) -> list[Fact]:
    """Facts as long as those that the scripted model makes of these items."""
    from persona_db.chains.persona import Fact

    return [
        Fact(
            id=item.id, layer="distilled", text=f"Says to us that: {' '.join(item.text.split()[:8])}", supports=(),
            n_support=1, strength=0.5, key="",
        )
        for item in history.items
    ]  # fmt: skip


def _markdown(report: LanguageReport) -> str:
    machine = report.machine
    lines = [
        "# Refinement by a language model",
        "",
        f"Measured on {report.date} by `{report.command}`, commit {machine.commit}.",
        "",
        f"- Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gb} GB, {machine.system}; "
        f"load average before: {report.load_average}.",
        f"- Python {machine.python}, Neo4j {machine.neo4j} (Community, embedded).",
        f"- {report.users} users who said {report.texts} things each and answered a few questions; a scripted server "
        f"that answers in {1e3 * report.latency_s:.0f} ms; concurrency {report.concurrency}.",
        "",
        "| | calls | seconds | over ideal | CPU ms a call |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {one.calls} | {one.seconds} | {one.over_ideal} | {one.cpu_ms} |"
            for name, one in (
                ("`refine --model`, all writes included", report.refined),
                ("bare LangChain", report.bare),
            )
        ),
        "",
        f"Ideal is calls x latency / concurrency. To hold: at most {MOST_OVER_IDEAL:.2f} of it, and at most "
        f"{MOST_CPU_RATIO:.0f} times the CPU of bare LangChain a call; measured {report.refined.over_ideal} and "
        f"{report.cpu_ratio}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
