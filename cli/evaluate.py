"""persona-db evaluate: predict held-out answers, arm by arm."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.cli.language import (
    AnswerName,
    BudgetUsd,
    Concurrency,
    MaxTokens,
    MethodName,
    ModelName,
    ReasoningLevel,
    Temperature,
    TokenBudget,
)
from persona_db.cli.load import FormatName, HeldOutPaths, HeldOutSplits, Map
from persona_db.cli.places import Ratio, Size, TopK
from persona_db.graph.names import Sharing

if TYPE_CHECKING:
    from persona_db.evals.report import Report

__all__ = ["evaluate"]


class HeldOut(StrEnum):
    """Which held-out answers are predicted."""

    TEST = "test"
    COLDSTART = "coldstart"
    ALL = "all"


class Refiner(StrEnum):
    """What refines the dataset of an evaluation with a model."""

    MODEL = "model"
    STATISTICAL = "statistical"


def evaluate(
    format: FormatName,
    paths: HeldOutPaths = None,
    *,
    split: HeldOutSplits = None,
    map: Map = None,
    arms: Annotated[
        str, typer.Option(help="Arms to compare, separated by commas; the first is compared with each of the others.")
    ] = "persona-db,no-join,marginal,majority",
    size: Size = 40,
    ratio: Ratio = None,
    top_k: TopK = 50,
    sharing: Annotated[
        Sharing, typer.Option(help="What users share with others in this evaluation.")
    ] = Sharing.HISTORY,
    seed: Annotated[
        int, typer.Option(help="Seed of the split (where one is drawn), the validation folds and the bootstrap.")
    ] = 0,
    held_out: Annotated[
        HeldOut,
        typer.Option(help="Which answers are predicted: the test set, the coldstart file of an rfpn folder, or both."),
    ] = HeldOut.TEST,
    limit: Annotated[int | None, typer.Option(min=1, help="Most answers predicted, drawn by the seed.")] = None,
    by: Annotated[
        str | None, typer.Option(metavar="ATTRIBUTE", help="Report each value of this attribute separately as well.")
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(
            help="The same people's later answers (opinionqa), to report how consistent people are with themselves."
        ),
    ] = None,
    model: ModelName = None,
    refined_by: Annotated[
        Refiner, typer.Option(help="What refines when a model predicts: the model, or the statistical engine.")
    ] = Refiner.MODEL,
    token_budget: TokenBudget = None,
    budget_usd: BudgetUsd = None,
    concurrency: Concurrency = None,
    temperature: Temperature = None,
    method: MethodName = None,
    max_tokens: MaxTokens = None,
    reasoning: ReasoningLevel = None,
    answer: AnswerName = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the outcomes, one line for each answer predicted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load the history part of a split into a temporary dataset, refine it, and predict the held-out part with each arm."""
    from persona_db.cli.console import as_csv, print_json, print_table, progress_bar, read_settings
    from persona_db.cli.language import settings_of
    from persona_db.evals.evaluate import EvaluateSettings
    from persona_db.evals.evaluate import evaluate as evaluate_arms
    from persona_db.graph.session import Graph

    asked = settings_of(
        model,
        temperature=temperature,
        method=method,
        max_tokens=max_tokens,
        reasoning=reasoning,
        answer=answer,
        concurrency=concurrency,
        token_budget=token_budget,
        budget_usd=budget_usd,
    )
    settings = EvaluateSettings(
        format=format.value,
        paths=tuple(str(path) for path in paths or ()),
        split=tuple(str(path) for path in split or ()),
        map=None if map is None else str(map),
        arms=tuple(arm.strip() for arm in arms.split(",") if arm.strip()),
        size=size,
        ratio=ratio,
        top_k=top_k,
        sharing=sharing,
        seed=seed,
        held_out=held_out.value,
        limit=limit,
        by=by,
        again=None if again is None else str(again),
        model=model,
        refined_by=refined_by.value,
        model_settings=asked,
        token_budget=token_budget,
        budget_usd=budget_usd,
    )
    with progress_bar() as progress, Graph.connect(read_settings(), progress=progress) as graph:
        report = evaluate_arms(graph, settings, out=out, progress=progress)
    if as_json:
        print_json(report)
        return
    if as_csv():
        print_table(("arm", "measure", "value", "low", "high", "items"), _rows(report))
    from rich.console import Console

    from persona_db.evals.table import show

    show(report, Console(width=120))


def _rows(report: Report) -> list[tuple[object, ...]]:
    """Return a row for each measure of each arm, and of each difference of two, with its 95 % interval."""
    rows: list[tuple[object, ...]] = []
    for arm, found in report.arms.items():
        for measure, interval in found.ci95.items():
            rows.append((arm, measure, getattr(found, measure), *(interval or (None, None)), found.n))
    for pair, measures in report.differences.items():
        for measure, difference in measures.items():
            rows.append((pair, measure, difference.mean, *(difference.ci95 or (None, None)), None))
    return rows
