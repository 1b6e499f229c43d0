"""persona-db labels: what the questions and answers of a dataset are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["labels"]


def labels(
    action: Annotated[
        Literal["export", "import"],
        typer.Argument(help="export: write a label file to be edited. import: give questions what an edited one says."),
    ],
    file: Annotated[
        Path | None, typer.Argument(help="Label file (CSV); export prints it unless given.", dir_okay=False)
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the questions.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Export or import what questions and answers are called: label, stance of each option, kind of question.

    A label that nobody gave is exported as it is made by rule. A label that is imported is kept over those of a source
    or a model; the next refit calls cache keys by it.
    """
    import sys

    from persona_db.chains.labels.names import Names
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings
    from persona_db.graph.datasets import require_dataset
    from persona_db.graph.errors import ConfigError
    from persona_db.graph.labels import store_labels
    from persona_db.graph.models import QuarantinedRow
    from persona_db.graph.users import questions
    from persona_db.loaders.label_file import read_labels, write_labels

    report: dict[str, object] = {}
    rows: list[tuple[object, ...]] = []
    if action == "import" and file is None:
        raise ConfigError("name the label file to import; `persona-db labels export FILE` writes one")
    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        require_dataset(graph, dataset)
        known = questions(graph, dataset)
        if action == "export":
            names = Names.of(known)
            called = [question.model_copy(update={"label": names.labels[question.id]}) for question in known]
            if file is None:
                write_labels(called, sys.stdout)
                return
            with file.open("w", encoding="utf-8", newline="") as target:
                write_labels(called, target)
            report = {"questions": len(called), "file": str(file)}
            rows = [("questions", len(called), f"written to {file}")]
        elif file is not None:
            bad: list[QuarantinedRow] = []
            found = read_labels(file, known, bad.append)
            changed = store_labels(graph, dataset, found, by="person")
            report = {
                "questions": len(found),
                "changed": changed,
                "quarantined": [row.model_dump() for row in bad],
            }
            rows = [
                ("questions", len(found), f"{changed} of them changed; `persona-db refine --refit` calls keys by them"),
                ("quarantined", len(bad), "; ".join(f"row {one.row}: {one.reason}" for one in bad[:5])),
            ]
    if as_json:
        print_json(report)
        return
    print_table((f"dataset {dataset}", "count", ""), rows)
