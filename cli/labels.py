"""persona-db labels: what the questions and answers of a dataset are called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from persona_db.cli.language import (
    BudgetUsd,
    Concurrency,
    MaxTokens,
    MethodName,
    ModelName,
    ReasoningLevel,
    Temperature,
)

if TYPE_CHECKING:
    from persona_db.chains.language.label_reading import LabelReport
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.graph.progress import Progress
    from persona_db.graph.session import Graph

__all__ = ["labels", "read_rows"]

_Rows = list[tuple[object, ...]]


def labels(
    action: Annotated[
        Literal["export", "import", "read"],
        typer.Argument(
            help="export: write a label file to be edited. import: give questions what an edited one says. read: let a "
            "language model read each question once."
        ),
    ],
    file: Annotated[
        Path | None, typer.Argument(help="Label file (CSV); export prints it unless given.", dir_okay=False)
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the questions.")],
    model: ModelName = None,
    budget_usd: BudgetUsd = None,
    concurrency: Concurrency = None,
    temperature: Temperature = None,
    method: MethodName = None,
    max_tokens: MaxTokens = None,
    reasoning: ReasoningLevel = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the calls that read would make, and make none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Export, import or read what questions and answers are called: label, stance of each option, kind of question.

    A label that nobody gave is exported as it is made by rule. What is imported is kept over what a source or a model
    says. A model's stance counts only where a second reading puts it back to its option; other answers are called
    `label: option`. The next refit calls cache keys by all of it.
    """
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings
    from persona_db.cli.language import settings_of
    from persona_db.graph.datasets import require_dataset
    from persona_db.graph.errors import ConfigError

    if action == "import" and file is None:
        raise ConfigError("name the label file to import; `persona-db labels export FILE` writes one")
    if action == "read" and model is None:
        raise ConfigError("name the model that reads: --model openai:gpt-4.1-mini, for example")
    settings = settings_of(
        model if action == "read" else None, temperature=temperature, concurrency=concurrency, method=method,
        max_tokens=max_tokens, reasoning=reasoning, budget_usd=budget_usd, dry_run=dry_run,
    )  # fmt: skip
    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        require_dataset(graph, dataset)
        if model is not None and action == "read":
            report, rows = _read(graph, dataset, model, settings, budget_usd, progress, dry_run=dry_run)
        elif action == "import" and file is not None:
            report, rows = _import(graph, dataset, file)
        else:
            report, rows = _export(graph, dataset, file)
    if as_json and report:
        print_json(report)
    elif rows:
        print_table((f"dataset {dataset}", "count", ""), rows)


def _export(graph: Graph, dataset: str, file: Path | None) -> tuple[dict[str, Any], _Rows]:
    """Write the label file, to stdout where none is named."""
    from persona_db.chains.labels.names import Names
    from persona_db.cli.console import data_out
    from persona_db.graph.users import questions
    from persona_db.loaders.label_file import write_labels

    known = questions(graph, dataset)
    names = Names.of(known)
    called = [question.model_copy(update={"label": names.labels[question.id]}) for question in known]
    if file is None:
        write_labels(called, data_out())
        return {}, []
    with file.open("w", encoding="utf-8", newline="") as target:
        write_labels(called, target)
    return {"questions": len(called), "file": str(file)}, [("questions", len(called), f"written to {file}")]


def _import(graph: Graph, dataset: str, file: Path) -> tuple[dict[str, Any], _Rows]:
    """Give the questions what the file says."""
    from persona_db.graph.errors import LoadError
    from persona_db.graph.labels import store_labels
    from persona_db.graph.models import QuarantinedRow
    from persona_db.graph.users import questions
    from persona_db.loaders.label_file import read_labels

    bad: list[QuarantinedRow] = []
    found = read_labels(file, questions(graph, dataset), bad.append)
    changed = store_labels(graph, dataset, found, by="person")
    if bad and not found:
        raise LoadError(f"no row can be used; {bad[0].reason}", source=str(file), row=bad[0].row)
    report = {"questions": len(found), "changed": changed, "quarantined": [row.model_dump() for row in bad]}
    return report, [
        ("questions", len(found), f"{changed} of them changed; `persona-db refine --refit` calls keys by them"),
        ("quarantined", len(bad), "; ".join(f"row {one.row}: {one.reason}" for one in bad[:5])),
    ]


def _read(
    graph: Graph, dataset: str, model: str, settings: ModelSettings | None, budget_usd: float | None,
    progress: Progress, *, dry_run: bool,
) -> tuple[dict[str, Any], _Rows]:  # fmt: skip
    """Let a model read the questions that nobody named and it did not read yet."""
    from persona_db.chains.language.label_reading import read_dataset

    found = read_dataset(
        graph, dataset, model, settings=settings, budget_usd=budget_usd, dry_run=dry_run, progress=progress
    )
    return found.model_dump(), read_rows(found)


def read_rows(report: LabelReport) -> _Rows:
    """Return the rows of a table that says what a reading of questions did, or would do."""
    rows: _Rows = [
        ("questions", report.questions, "to be read" if report.dry_run else f"{report.waiting} of them wait"),
        ("calls", report.calls, f"{report.cached} more answered by the cache"),
        (
            "tokens",
            report.tokens_in + report.tokens_out,
            "" if report.cost_usd is None else f"{report.cost_usd:.4f} USD",
        ),
    ]
    if not report.dry_run:
        rows += [
            ("labels", report.labels, "accepted; `persona-db refine --refit` calls keys by them"),
            ("stances", report.stances, f"accepted of {report.options} options; the others are called label: option"),
        ]
    if report.stopped:
        rows.append(("stopped", report.waiting, report.stopped))
    return rows
