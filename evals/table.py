"""A report as tables to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persona_db.evals.measures import MEASURES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from persona_db.evals.report import ArmReport, Difference, Report
    from persona_db.evals.retest import Retest

__all__ = ["arms_table", "differences_table", "distributions_table", "retest_table", "show", "subgroups_table"]

_HEADINGS = {measure.name: measure.heading for measure in MEASURES}
_OF_DISTRIBUTIONS = [measure.name for measure in MEASURES if measure.of_distributions]
_COMPARED = ("accuracy", "spearman", "within_question_spearman")


def show(report: Report, console: Console) -> None:
    """Print the arms, their differences, what the numbers mean and the command that reproduces them."""
    _print_uncut(arms_table(report), console)
    console.print()
    _print_uncut(distributions_table(report), console)
    if report.differences:
        console.print()
        _print_uncut(differences_table(report), console)
    if report.subgroups:
        console.print()
        _print_uncut(subgroups_table(report), console)
    if report.retest is not None:
        console.print()
        _print_uncut(retest_table(report.retest), console)
    console.print()
    off_scale = max(arm.off_scale for arm in report.arms.values())
    console.print(
        f"{report.tests:,} held-out answers of {report.users:,} users to {report.questions:,} questions of "
        f"{report.dataset}, split {report.split}; "
        f"{off_scale:,} are off their question's scale and left out of correlations. "
        f"± is half of the 95 % interval ({report.settings['draws']:,} bootstrap draws of "
        f"{report.settings['resampled']}).",
        markup=False,
        highlight=False,
    )
    for warning in report.warnings:
        console.print(f"Note: {warning}", markup=False, highlight=False)
    console.print(f"again: {report.command}", markup=False, highlight=False, soft_wrap=True)


def arms_table(report: Report) -> Table:
    """Return a row for each arm: the number of items, the measures with half their interval's width, and the cost."""
    table = _table()
    table.add_column("arm", overflow="fold")
    table.add_column("items\nn", justify="right", no_wrap=True)
    measures = [measure.name for measure in MEASURES if not measure.of_distributions]
    for name in measures:
        table.add_column(_HEADINGS[name], justify="right", no_wrap=True)
    missing = any(arm.unparsed or arm.abstained for arm in report.arms.values())
    paid = any(arm.tokens_per_prediction for arm in report.arms.values())
    for heading, wanted in (
        ("miss-\ning", missing),
        ("tokens", paid),
        ("USD", paid),
        ("re-\ncalled", True),
        ("s", True),
    ):
        if wanted:
            table.add_column(heading, justify="right", no_wrap=True)
    for name, arm in report.arms.items():
        cells = [f"{arm.n:,}", *(_measured(arm, measure) for measure in measures)]
        if missing:
            cells.append(f"{arm.unparsed + arm.abstained:,}")
        if paid:
            cells += [f"{arm.tokens_per_prediction:,.0f}", f"{arm.cost_usd:.2f}"]
        table.add_row(name, *cells, f"{arm.items_per_prediction:.1f}", f"{arm.seconds:,.1f}")
    return table


def distributions_table(report: Report) -> Table:
    """Return a row for each arm: the measures of its distributions, with half their interval's width."""
    table = _table()
    table.add_column("arm", overflow="fold")
    for name in _OF_DISTRIBUTIONS:
        table.add_column(_HEADINGS[name], justify="right", no_wrap=True)
    for arm, made in report.arms.items():
        table.add_row(arm, *(_measured(made, name) for name in _OF_DISTRIBUTIONS))
    return table


def differences_table(report: Report) -> Table:
    """Return a row for each pair of arms: differences of accuracy and of rank correlations with paired intervals."""
    table = _table()
    table.add_column("difference", overflow="fold")
    for name in _COMPARED:
        table.add_column(_HEADINGS[name].replace("-\n", "").replace("\n", " "), justify="right", no_wrap=True)
    for pair, measured in report.differences.items():
        table.add_row(pair, *(_compared(measured[name]) for name in _COMPARED))
    return table


def subgroups_table(report: Report) -> Table:
    """Return a row for each subgroup and arm: accuracy and rank correlation with half the interval's width."""
    table = _table()
    table.add_column("people", overflow="fold")
    table.add_column("users", justify="right", no_wrap=True)
    table.add_column("items\nn", justify="right", no_wrap=True)
    table.add_column("arm", overflow="fold")
    for name in ("accuracy", "spearman"):
        table.add_column(_HEADINGS[name], justify="right", no_wrap=True)
    for value, kind in report.subgroups.items():
        for row, (arm, made) in enumerate(kind.arms.items()):
            who = (value, f"{kind.users:,}", f"{kind.n:,}") if row == 0 else ("", "", "")
            measured = (_with_half(getattr(made, name), made.ci95[name]) for name in ("accuracy", "spearman"))
            table.add_row(*who, arm, *measured)
    return table


def retest_table(retest: Retest) -> Table:
    """Return a row for the people themselves and one for each arm, on the items answered again."""
    table = _table()
    table.add_column(f"on {retest.n:,} items answered again\nby {retest.users:,} users", overflow="fold")
    for heading in ("accuracy", "over own\nagreement"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row("their own agreement", _with_half(retest.own_agreement, retest.ci95), "")
    for name, arm in retest.arms.items():
        table.add_row(
            name,
            _with_half(arm.accuracy, arm.ci95["accuracy"]),
            _with_half(arm.normalised, arm.ci95["normalised"]),
        )
    return table


def _print_uncut(table: Table, console: Console) -> None:
    """Print *table* in its own width: a wrapped line is better than a number that is cut off."""
    needed = console.measure(table, options=console.options.update(max_width=1_000)).maximum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


def _table() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)


def _measured(arm: ArmReport, name: str) -> str:
    return _with_half(getattr(arm, name), arm.ci95[name])


def _with_half(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return "-"
    return f"{value:.3f}\n±{(interval[1] - interval[0]) / 2:.3f}"


def _compared(difference: Difference) -> str:
    if difference.mean is None or difference.ci95 is None:
        return "-"
    low, high = difference.ci95
    return f"{difference.mean:+.3f} [{low:+.3f}, {high:+.3f}]".replace("[", "\\[")
