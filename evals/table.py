"""A report as tables to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persona_db.evals.measures import MEASURES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from persona_db.evals.report import ArmReport, Difference, Report

__all__ = ["arms_table", "differences_table", "show"]

_HEADINGS = {
    "accuracy": "accuracy",
    "macro_f1": "macro\nF1",
    "spearman": "Spear-\nman",
    "pearson": "Pear-\nson",
    "within_question_spearman": "within\nquestion",
    "gain_over_marginal": "over\nmarginal",
}
_COMPARED = ("accuracy", "spearman", "within_question_spearman")


def show(report: Report, console: Console) -> None:
    """Print the arms, their differences, what the numbers mean and the command that makes them again."""
    _print_whole(arms_table(report), console)
    if report.differences:
        console.print()
        _print_whole(differences_table(report), console)
    console.print()
    off_scale = max(arm.off_scale for arm in report.arms.values())
    console.print(
        f"{report.tests:,} held-out answers of {report.users:,} users of {report.dataset}, split {report.split}; "
        f"{off_scale:,} are off their question's scale and left out of correlations. "
        f"± is half of the 95 % interval ({report.settings['draws']:,} bootstrap draws of "
        f"{report.settings['resampled']}).",
        markup=False,
        highlight=False,
    )
    console.print(f"again: {report.command}", markup=False, highlight=False, soft_wrap=True)


def arms_table(report: Report) -> Table:
    """Return a row for each arm: how many items, the measures with half their interval's width, and what it took."""
    table = _table()
    table.add_column("arm", overflow="fold")
    table.add_column("items\nn", justify="right", no_wrap=True)
    for measure in MEASURES:
        table.add_column(_HEADINGS[measure.NAME], justify="right", no_wrap=True)
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
        cells = [f"{arm.n:,}", *(_measured(arm, measure.NAME) for measure in MEASURES)]
        if missing:
            cells.append(f"{arm.unparsed + arm.abstained:,}")
        if paid:
            cells += [f"{arm.tokens_per_prediction:,.0f}", f"{arm.cost_usd:.2f}"]
        table.add_row(name, *cells, f"{arm.items_per_prediction:.1f}", f"{arm.seconds:,.1f}")
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


def _print_whole(table: Table, console: Console) -> None:
    """Print *table* in its own width: a number that is cut off is worse than a line that the terminal wraps."""
    needed = console.measure(table, options=console.options.update(max_width=1_000)).maximum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


def _table() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)


def _measured(arm: ArmReport, name: str) -> str:
    value: float | None = getattr(arm, name)
    interval = arm.ci95[name]
    if value is None or interval is None:
        return "-"
    return f"{value:.3f}\n±{(interval[1] - interval[0]) / 2:.3f}"


def _compared(difference: Difference) -> str:
    if difference.mean is None or difference.ci95 is None:
        return "-"
    low, high = difference.ci95
    return f"{difference.mean:+.3f} [{low:+.3f}, {high:+.3f}]".replace("[", "\\[")
