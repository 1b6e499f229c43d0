"""What an experiment found: rows of measures with intervals, contrasts of arms, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, JsonValue

from persona_db.graph.models import Model

__all__ = ["Axes", "Contrast", "ExperimentResult", "Measured", "Plot", "Row", "markdown", "tables"]

Axes = dict[str, str | float]
Interval = tuple[float, float]

_HEADINGS = {
    "within_question_spearman": "within question",
    "gain_over_marginal": "over marginal",
    "usd_per_1000": "USD for 1,000",
}


class Measured(Model):
    """A value with its 95 % interval, None where it is not defined."""

    value: float | None
    ci95: Interval | None = None


class Row(Model):
    """One arm at one point of the axes."""

    arm: str
    axes: Axes = Field(default_factory=dict)
    n: int = Field(description="Tests, or what else was counted.")
    measures: dict[str, Measured]


class Contrast(Model):
    """A measure of one arm less that of another at the same point, on the same tests, with its paired interval."""

    arm: str
    other: str
    axes: Axes = Field(default_factory=dict)
    measures: dict[str, Measured]


class Plot(Model):
    """How the rows are drawn: lines over an axis, a heat map over two, or bars of the arms."""

    kind: Literal["lines", "heat", "bars"]
    measures: tuple[str, ...]
    x: str = ""
    y: str = ""
    panel: str = Field(default="", description="An axis with a panel for each of its values.")
    arms: tuple[str, ...] = Field(default=(), description="The arms drawn; all when empty.")
    log: bool = Field(default=False, description="Whether x and the measures are drawn on logarithmic scales.")


class ExperimentResult(Model):
    """Everything that an experiment prints, draws and stores."""

    name: str
    question: str
    dataset: str
    users: int
    tests: int
    of_tests: int = Field(description="Tests in the data, of which `tests` were drawn.")
    command: str
    settings: dict[str, JsonValue]
    axes: tuple[str, ...] = ()
    shown: tuple[str, ...] = Field(description="Measures in the table, the main one first; JSON has all.")
    rows: tuple[Row, ...]
    contrasts: tuple[Contrast, ...] = ()
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def row(self, arm: str, **axes: str | float) -> Row:
        """Return the row of an arm at a point; KeyError when there is none."""
        for row in self.rows:
            if row.arm == arm and row.axes == axes:
                return row
        raise KeyError((arm, axes))


def tables(result: ExperimentResult) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the result's tables: a title, the columns' names and the cells of each row."""
    made = [
        _table(
            "Arms",
            result.axes,
            "arm",
            [(row.axes, row.arm, row.n, row.measures) for row in result.rows],
            result.shown,
        )
    ]
    if result.contrasts:
        compared = [(one.axes, f"{one.arm} - {one.other}", None, one.measures) for one in result.contrasts]
        made.append(_table("Differences on the same tests", result.axes, "difference", compared, result.shown))
    return made


def markdown(result: ExperimentResult) -> str:
    """Return the result as Markdown: its tables, its notes, and the command that reproduces it."""
    lines = [f"# {result.name}", "", result.question, ""]
    lines += [
        f"{result.tests:,} of {result.of_tests:,} held-out answers, {result.users:,} users of {result.dataset}. "
        "In brackets: 95 % intervals, users resampled.",
    ]
    for title, head, rows in tables(result):
        lines += ["", f"{title}:", "", _line(head), _line(["---"] * len(head)), *map(_line, rows)]
    for note in result.notes:
        lines += ["", note]
    lines += ["", f"Again: `{result.command}` ({result.seconds:.0f} s)", ""]
    return "\n".join(lines)


def _table(
    title: str,
    axes: Sequence[str],
    heading: str,
    rows: Sequence[tuple[Mapping[str, str | float], str, int | None, Mapping[str, Measured]]],
    shown: Sequence[str],
) -> tuple[str, list[str], list[list[str]]]:
    counted = any(n is not None for _, _, n, _ in rows)
    head = [
        *axes,
        heading,
        *(["n"] if counted else []),
        *(_HEADINGS.get(name, name.replace("_", " ")) for name in shown),
    ]
    lines = []
    for at, name, n, measures in rows:
        cells = [f"{at[axis]:g}" if isinstance(at.get(axis), int | float) else str(at.get(axis, "")) for axis in axes]
        cells += [name, *([f"{n:,}"] if counted and n is not None else [])]
        lines.append([*cells, *(_shown(measures.get(measure), signed=not counted) for measure in shown)])
    return title, head, lines


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(measured: Measured | None, *, signed: bool) -> str:
    if measured is None or measured.value is None:
        return "-"
    form = _signed if signed else _number
    if measured.ci95 is None:
        return form(measured.value)
    return f"{form(measured.value)} [{form(measured.ci95[0])}, {form(measured.ci95[1])}]"


def _signed(value: float) -> str:
    return f"{value:+.4f}"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
