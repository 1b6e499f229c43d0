"""persona-db refine: turn histories into facts, traits and cache keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
    from persona_db.chains.refinement.report import RefineReport

__all__ = ["refine"]


def refine(
    *,
    dataset: Annotated[str, typer.Option(help="Dataset to refine.")],
    model: ModelName = None,
    label_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Language model that first reads what questions are called, as `labels read` does; the statistical "
            "engine then names keys by it.",
        ),
    ] = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit", help="Learn a new Fit from everybody instead of folding new answers into the current one."
        ),
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Make a Fit from the history up to this date, for reads with the same --as-of.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the validation folds on which settings are chosen.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what the calls of the model would cost, and change nothing.")
    ] = False,
    budget_usd: BudgetUsd = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most users refined by the model in this run.")] = None,
    concurrency: Concurrency = None,
    temperature: Temperature = None,
    method: MethodName = None,
    max_tokens: MaxTokens = None,
    reasoning: ReasoningLevel = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring the personas of a dataset up to date. An interrupted run resumes where it stopped; a finished one does nothing."""
    from persona_db.chains.refinement.refine import refine as refine_dataset
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.cli.language import settings_of
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.room_for_work import require_room_to_refine
    from persona_db.graph.session import Graph

    settings = read_settings()
    reader = settings_of(
        label_model or model,
        temperature=temperature,
        method=method,
        max_tokens=max_tokens,
        reasoning=reasoning,
        concurrency=concurrency,
    )
    settings_of(model, limit=limit)
    if label_model is None:
        settings_of(model, budget_usd=budget_usd, dry_run=dry_run)
    read: LabelReport | None = None
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        if label_model is not None:
            from persona_db.chains.language.label_reading import read_dataset

            read = read_dataset(
                graph, dataset, label_model, settings=reader, budget_usd=budget_usd, dry_run=dry_run, progress=progress
            )
            if model is None and dry_run:
                _print_read(read, as_json=as_json)
                return
            if budget_usd is not None:
                budget_usd = max(budget_usd - (read.cost_usd or 0.0), 0.0) if model is not None else None
            refit = refit or (model is None and read.labels + read.stances > 0)
        if not dry_run:
            require_room_to_refine(graph, dataset, refit=refit or as_of is not None)
        made = refine_dataset(
            graph,
            dataset,
            refit=refit,
            as_of=as_of,
            seed=seed,
            embedder=embedder_of(settings),
            progress=progress,
            model=model,
            model_settings=reader if model is not None else None,
            budget_usd=budget_usd,
            limit=limit,
            dry_run=dry_run,
        )
    if as_json:
        print_json(made if read is None else {**made.model_dump(), "labels": read.model_dump()})
    else:
        if read is not None:
            _print_read(read)
        (_print_plan if made.dry_run else _print_report)(made)
    stopped = [why for why in (made.stopped, read.stopped if read is not None else None) if why]
    for why in stopped:
        typer.echo(f"persona-db: {one_line(why)}", err=True)
    if stopped:
        raise typer.Exit(1)


def _print_read(report: LabelReport, *, as_json: bool = False) -> None:
    from persona_db.cli.console import print_json, print_table
    from persona_db.cli.labels import read_rows

    if as_json:
        print_json(report)
    else:
        print_table((f"dataset {report.dataset}", "count", ""), read_rows(report))


def _print_plan(plan: RefineReport) -> None:
    from persona_db.cli.console import print_table

    print_table(
        (f"dataset {plan.dataset}", "count", ""),
        [
            ("users to refine", plan.users, "all in a new Fit" if plan.refitted else "folded into the current Fit"),
            ("up to date", plan.unchanged, ""),
            ("calls", plan.calls, f"of {plan.engine}"),
            ("cached", plan.cached, "answered before, at no cost"),
            ("tokens in", plan.tokens_in, "estimated"),
            ("tokens out", plan.tokens_out, "estimated"),
        ],
    )
    print(f"estimated cost: {_money(plan.cost_usd)}; nothing was called or written")
    if plan.cost_usd:
        from persona_db.chains.language.pricing import prices_said

        print(prices_said())


def _print_report(report: RefineReport) -> None:
    from persona_db.chains.fit.settings import FittedSettings, gains_told
    from persona_db.cli.console import print_table

    rows: list[tuple[str, int, str]] = [
        ("users refined", report.users, "all in a new Fit" if report.refitted else "folded into the current Fit"),
        ("up to date", report.unchanged, ""),
        ("facts", report.facts, "distilled and induced, of these users"),
        ("keys held", report.keys_held, "by these users"),
    ]
    if report.left_out:
        why = ", ".join(f"{users:,} as {reason}" for reason, users in report.left_out.items())
        rows.append(("excluded", sum(report.left_out.values()), f"the Fit neither learns nor borrows from them: {why}"))
    if report.model_settings is not None:
        rows += [
            ("calls", report.calls, f"of {report.engine}, {report.repairs:,} of them repairs"),
            ("cached", report.cached, "answered before, at no cost"),
            ("tokens in", report.tokens_in, ""),
            ("tokens out", report.tokens_out, ""),
            ("quarantined", report.quarantined, f"unusable answers or parts of answers{_share(report)}"),
            ("incomplete", report.incomplete, "users with such a part missing; the next run asks again"),
            ("waiting", report.waiting, "users still to be refined"),
        ]
    print_table((f"dataset {report.dataset}", "count", ""), rows)
    for line in gains_told(FittedSettings.model_validate(report.settings).lifts):
        print(line)
    money = f", {_money(report.cost_usd)}" if report.model_settings is not None else ""
    use = "" if report.current else ", which becomes current when no user is waiting"
    print(f"Fit {report.fit}{use}, {report.seconds:.1f} s{money}")


def _share(report: RefineReport) -> str:
    share = report.quarantined_share
    return "" if share is None else f": in {share:.1%} of the requests".replace("%", " %")


def _money(cost_usd: float | None) -> str:
    return "unknown: the model has no price" if cost_usd is None else f"${cost_usd:.4f}"
