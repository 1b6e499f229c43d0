"""The committed table: figures, what each can't do, versions, settings, and how persona-db stands to the fastest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.report import write_both
from benchmarks.rivals.measure import TOP
from benchmarks.rivals.run import Outcome
from persona_db.graph.models import Model

__all__ = ["Report", "write"]

OWN = "persona-db"
TIMES_FASTER = 5.0
"""How much faster than the fastest rival retrieving should be."""
TRIED = {
    "borrow": "finds what somebody alike said",
    "why": "leads back to what was said",
    "erase": "erases a person",
}


class Report(Model):
    """One run."""

    date: str
    command: str
    machine: Machine
    seed: int
    outcomes: tuple[Outcome, ...]
    seconds: float


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write rivals.md and rivals.json into *folder*; return their paths."""
    return write_both(folder, "rivals", markdown(report), report)


def markdown(report: Report) -> str:
    """Return the page."""
    machine = report.machine
    sizes = sorted({outcome.items for outcome in report.outcomes}, reverse=True)
    lines = [
        "# persona-db beside other memories",
        "",
        f"Measured on {report.date} by `{report.command}` in {report.seconds / 60:.0f} minutes, seed {report.seed}, "
        f"commit {machine.commit}, on {machine.processor}, {machine.cores} cores, {machine.memory_gb} GB, "
        f"{machine.system}, Python {machine.python}, Neo4j {machine.neo4j}.",
        "What is measured and how is in [docs/benchmarks.md](../docs/benchmarks.md#beside-other-memories).",
        "",
    ]
    for size in sizes:
        lines += _figures([outcome for outcome in report.outcomes if outcome.items == size], size)
    return "\n".join([*lines, *_abilities(report.outcomes), *_settings(report.outcomes)])


def _figures(outcomes: Sequence[Outcome], size: int) -> list[str]:
    lines = [
        f"## {size:,} items",
        "",
        "| system | add, s | retrieve p50, ms | p95, ms | processor, ms | the question's vector alone, ms "
        f"| found among {TOP} | found first | load | memory, MB | its Neo4j, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        one = outcome.measured
        if one is None:
            lines.append(f"| {outcome.system} | {_cell(outcome.failed)} | | | | | | | | | |")
            continue
        server = f"{outcome.server_mb:,}" if outcome.server_mb is not None else "-"
        lines.append(
            f"| {outcome.system} | {one.add_seconds:,.0f} | {one.p50_ms:.1f} | {one.p95_ms:.1f} | {one.cpu_ms:.1f} "
            f"| {one.embed_ms:.1f} "
            f"| {one.found_at_10:.3f} | {one.found_at_1:.3f} | {one.load:.1f} | {one.memory_mb:,} | {server} |"
        )
    return [*lines, "", *_compared(outcomes), ""]


def _compared(outcomes: Sequence[Outcome]) -> list[str]:
    """Return how many times faster, or slower, persona-db retrieves than the fastest rival, and what each finds."""
    own = {outcome.system: outcome.measured for outcome in outcomes if outcome.system.startswith(OWN)}
    rivals = [outcome for outcome in outcomes if not outcome.system.startswith(OWN)]
    measured = [(outcome.system, outcome.measured) for outcome in rivals if outcome.measured is not None]
    lines: list[str] = []
    if not measured:
        return lines
    name, fastest = min(measured, key=lambda pair: pair[1].p50_ms)
    best, finds = max(measured, key=lambda pair: pair[1].found_at_10)
    for system, one in own.items():
        if one is None:
            continue
        ratio = fastest.p50_ms / one.p50_ms
        how = f"is {ratio:.1f} times as fast as" if ratio >= 1 else f"takes {1 / ratio:.1f} times as long as"
        held = "held" if ratio >= TIMES_FASTER else "not held"
        lines.append(
            f"- {system} {how} the fastest that retrieves by meaning, {name} (wanted: {TIMES_FASTER:.0f} times as "
            f"fast; {held}); of the processor a question takes {one.cpu_ms:.1f} ms and {fastest.cpu_ms:.1f} ms. "
            f"It finds {one.found_at_10:.3f} of the facts; the best of the others, {best}, {finds.found_at_10:.3f}."
        )
    return lines


def _abilities(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [
        "## What each can do, tried",
        "",
        f"| system | {' | '.join(TRIED.values())} |",
        "|---|---|---|---|",
    ]
    seen: set[str] = set()
    details: list[str] = []
    for outcome in outcomes:
        if outcome.measured is None or outcome.system in seen:
            continue
        seen.add(outcome.system)
        can = outcome.measured.can
        lines.append(f"| {outcome.system} | {' | '.join('yes' if can[name].works else 'no' for name in TRIED)} |")
        details += [f"- {outcome.system}, {TRIED[name]}: {_cell(can[name].seen)}." for name in TRIED]
    return [*lines, "", "What was seen:", "", *details, ""]


def _settings(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["## Versions and settings", ""]
    seen: set[str] = set()
    for outcome in outcomes:
        if outcome.measured is None or outcome.system in seen:
            continue
        seen.add(outcome.system)
        versions = ", ".join(f"{name} {number}" for name, number in outcome.versions.items())
        settings = "; ".join(f"{name}: {value}" for name, value in outcome.measured.settings.items())
        lines.append(f"- **{outcome.system}** ({versions}). {settings}.")
    return [*lines, ""]


def _cell(text: str) -> str:
    """Return a text that doesn't end a cell of the table."""
    return " ".join(text.split()).replace("|", "\\|").rstrip(".")
