"""`persona-db status`: where the graph runs and what it holds."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import Field

from persona_db.chains.fit.settings import JoinGain, gains_told
from persona_db.cli.console import as_csv, one_line, print_json, print_table, progress_bar, read_settings
from persona_db.graph.ledger import Spent
from persona_db.graph.models import Model
from persona_db.graph.settings import Settings

__all__ = ["Status", "status"]


class DatasetCounts(Model):
    """A dataset, and how many nodes of each label it has."""

    dataset: str
    current_fit: str | None
    counts: dict[str, int]
    left_out: dict[str, int] = Field(
        default_factory=dict, description="Users excluded from the current Fit, by reason."
    )
    lifts: tuple[JoinGain, ...] = Field(
        default=(),
        description="By how much is known of a person: how many held-out answers are predicted, and the JOIN gain.",
    )
    ledger: tuple[Spent, ...] = Field(default=(), description="Usage of language models.")


class Status(Model):
    """What `persona-db status` prints."""

    running: bool
    embedded: bool = Field(description="False when NEO4J_URI names another server.")
    uri: str | None = Field(default=None, description="Bolt URI.")
    browser_url: str | None = None
    username: str
    password_file: str | None = None
    data_dir: str | None = None
    version: str | None = Field(default=None, description="Of Neo4j.")
    pid: int | None = None
    started_at: str | None = None
    datasets: tuple[DatasetCounts, ...] = ()


def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Print where Neo4j runs, its login, and what each dataset holds; no server is started.

    The password is in the file named, which only its owner can read. Datasets of evaluations are not listed.
    """
    found = read_status(read_settings())
    if as_json:
        print_json(found)
        return
    if as_csv():
        print_table(
            ("dataset", "label", "nodes"),
            [(one.dataset, label, nodes) for one in found.datasets for label, nodes in one.counts.items()],
        )
    print("\n".join(_lines(found)))


def read_status(settings: Settings) -> Status:
    """Return the state of the graph that *settings* name, without starting the embedded server."""
    if settings.neo4j_uri is not None:
        return Status(
            running=True,
            embedded=False,
            uri=settings.neo4j_uri,
            username=settings.neo4j_username,
            datasets=_datasets(settings),
        )
    from persona_db.graph import server

    found = server.status(settings)
    if found is None:
        return Status(running=False, embedded=True, username="neo4j", data_dir=str(settings.data_dir))
    return Status(
        running=found.running,
        embedded=True,
        uri=found.uri,
        browser_url=found.browser_url,
        username=found.username,
        password_file=str(found.password_file),
        data_dir=str(found.data_dir),
        version=found.version,
        pid=found.pid,
        started_at=found.started_at,
        datasets=_datasets(settings) if found.running else (),
    )


def _datasets(settings: Settings) -> tuple[DatasetCounts, ...]:
    from persona_db.chains.fit.snapshot import open_snapshot
    from persona_db.graph.datasets import datasets
    from persona_db.graph.ledger import spent
    from persona_db.graph.session import Graph

    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        return tuple(
            DatasetCounts(
                dataset=dataset.dataset,
                current_fit=dataset.current_fit,
                left_out={row["reason"]: row["users"] for row in graph.read("count_left_out", dataset=dataset.dataset)},
                lifts=open_snapshot(graph, dataset.dataset).settings.lifts if dataset.current_fit else (),
                ledger=tuple(spent(graph, dataset.dataset)),
                counts={row["label"]: row["nodes"] for row in graph.read("counts_by_label", dataset=dataset.dataset)},
            )
            for dataset in datasets(graph)
        )


def _lines(found: Status) -> list[str]:
    """Return the lines for people: one fact a line, then a table of each dataset."""
    where = "the server that NEO4J_URI names" if not found.embedded else f"Neo4j {found.version or ''}".strip()
    facts = [
        ("Bolt URI", found.uri),
        ("Neo4j Browser", found.browser_url),
        ("User", found.username),
        ("Password file", found.password_file),
        ("Data folder", found.data_dir),
        ("Process", f"{found.pid}, since {found.started_at}" if found.pid else None),
    ]
    lines = [
        where if not found.embedded else f"{where} is {'running' if found.running else 'not running'}",
        *(f"{name:<15}{value}" for name, value in facts if value),
    ]
    if not found.running:
        return [*lines, "`persona-db up` starts it; so does every command that needs it"]
    if not found.datasets:
        return [*lines, "", "no datasets yet; `persona-db demo` or `persona-db load` makes one"]
    for dataset in found.datasets:
        fit = f"current Fit {dataset.current_fit}" if dataset.current_fit else "not refined yet"
        lines += ["", f"Dataset {dataset.dataset} ({fit})"]
        lines += [f"  {label:<13}{nodes:>12,}" for label, nodes in dataset.counts.items()]
        if dataset.left_out:
            reasons = ", ".join(f"{users:,} as {reason}" for reason, users in dataset.left_out.items())
            lines += [f"  excluded: {reasons} (`persona-db query left_out --dataset {dataset.dataset}`)"]
        lines += [f"  {line}" for line in gains_told(dataset.lifts)]
        lines += [f"  {one_line(_spent(row))}" for row in dataset.ledger]
    return lines


def _spent(row: Spent) -> str:
    """Return a line with the usage of a stage by a model."""
    money = f"${row.cost_usd:.4f}" if row.unpriced < row.runs or row.cost_usd else "cost unknown"
    if row.unpriced and row.unpriced < row.runs:
        money += f" and {row.unpriced:,} runs of unknown price"
    return (
        f"{row.stage} by {row.model}: {row.calls:,} calls ({row.cached:,} more from the cache), "
        f"{row.quarantined / row.runs:.1%} with something in quarantine, ".replace("%", " %")
        + f"{row.tokens_in:,} tokens in, {row.tokens_out:,} out, {money}, {row.seconds:.1f} s"
    )
