"""persona-db experiment: what helps, when, and at what cost, with intervals, tables and plots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

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
from persona_db.cli.load import FormatName, HeldOutPaths, HeldOutSplits
from persona_db.graph.names import Sharing

__all__ = ["experiment"]

_MOST_JOBS = 4


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An experiment, or all; docs/experiments.md lists them.")],
    format: FormatName,
    paths: HeldOutPaths = None,
    *,
    split: HeldOutSplits = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="800 people, 600 tests and fewer points: about a minute an experiment.")
    ] = False,
    people: Annotated[int | None, typer.Option(min=10, help="People in the population, drawn by the seed.")] = None,
    users: Annotated[int | None, typer.Option(min=1, help="Most users whose held-out answers are predicted.")] = None,
    tests_each: Annotated[int | None, typer.Option(min=1, help="Most held-out answers of each user.")] = None,
    sharing: Annotated[Sharing, typer.Option(help="What users share with others.")] = Sharing.HISTORY,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    model: ModelName = None,
    budget_usd: BudgetUsd = None,
    concurrency: Concurrency = None,
    temperature: Temperature = None,
    method: MethodName = None,
    max_tokens: MaxTokens = None,
    reasoning: ReasoningLevel = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Experiments run at once; the number of cores, but at most 4, unless given."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for rows, tables, plots and the report.")] = Path("experiments"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run an experiment, or all, on the held-out answers of a data set; results that are already in --out are not run again."""
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.cli.language import settings_of
    from persona_db.evals.experiments import ExperimentSettings, run_experiments
    from persona_db.evals.experiments.result import markdown
    from persona_db.graph.session import Graph

    asked = settings_of(
        model,
        temperature=temperature,
        method=method,
        max_tokens=max_tokens,
        reasoning=reasoning,
        concurrency=concurrency,
        token_budget=None,
        budget_usd=budget_usd,
    )
    chosen = {"people": people, "users": users, "tests_each": tests_each}
    given = {
        "format": format.value,
        "paths": tuple(str(path) for path in paths or ()),
        "split": tuple(str(path) for path in split or ()),
        "sharing": sharing,
        "seed": seed,
        "model": model,
        "model_settings": asked,
        "budget_usd": budget_usd,
        **{option: value for option, value in chosen.items() if value is not None},
    }
    settings = ExperimentSettings.quickly(**given) if quick else ExperimentSettings.model_validate(given)
    with progress_bar() as progress, Graph.connect(read_settings(), progress=progress) as graph:
        at_once = jobs or min(os.cpu_count() or 1, _MOST_JOBS)
        findings = run_experiments(graph, [name], settings, out=out, jobs=at_once, progress=progress)
    if as_json:
        print_json(findings)
        return
    for found in findings:
        print(markdown(found))
    import sys

    print(f"rows, tables and plots: {out}", file=sys.stderr)
