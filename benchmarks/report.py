"""The committed table: what was measured, on what, and the command that measures it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.joins import TOP, Measured, SizeReport
from benchmarks.machine import Machine
from benchmarks.survey import SurveyReport
from persona_db.graph.models import Model

__all__ = ["Report", "write", "write_both"]


class Report(Model):
    """One run."""

    date: str
    command: str
    machine: Machine
    seed: int
    sizes: tuple[SizeReport, ...]
    survey: SurveyReport | None
    left_out: tuple[str, ...] = ()
    seconds: float


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write results.md and results.json into *folder*; return their paths."""
    return write_both(folder, "results", _markdown(report), report)


def write_both(folder: Path, name: str, page: str, report: Model) -> tuple[Path, Path]:
    """Write *page* as NAME.md and the numbers of *report* as NAME.json into *folder*; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    table, numbers = folder / f"{name}.md", folder / f"{name}.json"
    table.write_text(page, encoding="utf-8")
    numbers.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return table, numbers


def _markdown(report: Report) -> str:
    machine = report.machine
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    lines = [
        "# Benchmark results",
        "",
        f"Measured on {report.date} by `{report.command}` in {report.seconds / 60:.0f} minutes, seed {report.seed}, "
        f"commit {machine.commit}.",
        "",
        f"- Machine: {machine.processor}, {machine.cores} cores, {machine.memory_gb} GB, {machine.system}.",
        f"- Python {machine.python}, Java {machine.java}, Neo4j {machine.neo4j} (Community, embedded); {packages}.",
        *(f"- Left out: {reason}." for reason in report.left_out),
        "",
        *_joins(report.sizes),
        *_servers(report.sizes),
        *(_survey(report.survey) if report.survey else ()),
        "What was measured and how is in [docs/benchmarks.md](../docs/benchmarks.md).",
        "",
    ]
    return "\n".join(lines)


def _joins(sizes: Sequence[SizeReport]) -> list[str]:
    lines = [
        "## The JOIN",
        "",
        f"Milliseconds a user, one user after another; in the graph with the Bolt round trip. Recall is of the {TOP} "
        "best by exact score, ties counted as found.",
        "",
        "| people | users | keys | held | system | top k | calls | median ms | p95 ms | slowest ms | recall@20 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        lines += [
            f"| {size.people} | {size.count:,} | {size.keys:,} | {size.held} | {_row(size, measured)} |"
            for measured in size.joins
        ]
    return [*lines, ""]


def _row(size: SizeReport, measured: Measured) -> str:
    latency = measured.latency
    numbers = f"{latency.median_ms:.1f} | {latency.p95_ms:.1f} | {latency.most_ms:.1f}"
    return f"{measured.system} | {size.top_k} | {latency.calls} | {numbers} | {measured.recall:.4f}"


def _servers(sizes: Sequence[SizeReport]) -> list[str]:
    lines = [
        "## Writing and memory",
        "",
        "People with their keys and personas, by the product's own queries. Memory is the server's resident set after "
        "the measurements, of which the heap and the page cache may take what is given.",
        "",
        "| people | users | HOLDS | key vectors | seconds | HOLDS/s | heap MB | page cache MB | server MB | disk MB "
        "| load average |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.people} | {s.count:,} | {s.holds:,} | {'yes' if s.vectors else 'no'} | {s.stored_seconds:.1f} "
        f"| {s.holds / s.stored_seconds:,.0f} | {s.heap_mb:,} | {s.page_cache_mb:,} | {s.server_mb:,} "
        f"| {s.disk_mb:,} | {s.load_average} |"
        for s in sizes
    ]
    return [*lines, ""]


def _survey(survey: SurveyReport) -> list[str]:
    return [
        "## A survey, from file to predictions",
        "",
        f"{survey.source}: {survey.users:,} people, {survey.items:,} answers; texts embedded before.",
        "",
        "| stage | amount | seconds | a second |",
        "|---|---|---|---|",
        _rate("load", survey.items, "answers", survey.load_seconds),
        _rate("refine", survey.users, "people", survey.refine_seconds),
        _rate("predict", survey.predictions, "predictions", survey.predict_seconds),
        "",
        f"The server took {survey.server_mb:,} MB.",
        "",
    ]


def _rate(stage: str, amount: int, what: str, seconds: float) -> str:
    return f"| {stage} | {amount:,} {what} | {seconds:.1f} | {amount / max(seconds, 0.1):,.0f} |"
