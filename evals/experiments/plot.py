"""A result's plots, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.experiments.result import Axes, ExperimentResult, Plot, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel
    from matplotlib.figure import Figure

__all__ = ["draw"]

_PANEL_INCHES = (5.2, 3.8)


def draw(result: ExperimentResult, folder: Path) -> list[Path]:
    """Write each plot of the result as `NAME-1.png` and `.svg`, and return the SVG files, in their order.

    The same result gives the same bytes.
    """
    from matplotlib import rc_context

    made = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, plot in enumerate(result.plots, start=1):
        with rc_context({"svg.hashsalt": result.name, "axes.spines.top": False, "axes.spines.right": False}):
            figure = _figure(result, plot)
            path = folder / f"{result.name}-{number}.svg"
            figure.savefig(path, metadata={"Date": None})
            figure.savefig(path.with_suffix(".png"), dpi=120, metadata={"Software": None})
        made.append(path)
    return made


def _figure(result: ExperimentResult, plot: Plot) -> Figure:
    from matplotlib.figure import Figure

    panels: Sequence[str | float | None] = [None]
    if plot.panel:
        panels = list(dict.fromkeys(row.axes[plot.panel] for row in result.rows if plot.panel in row.axes))
    arms: Sequence[str | None] = [None]
    if plot.kind == "heat":
        arms = plot.arms or list(dict.fromkeys(row.arm for row in result.rows))
    across = len(panels) * len(arms)
    down = len(plot.measures)
    wide, high = _PANEL_INCHES
    figure = Figure(figsize=(wide * across, high * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for line, measure in enumerate(plot.measures):
        for place, (panel, arm) in enumerate((panel, arm) for panel in panels for arm in arms):
            axes: Panel = grid[line][place]
            rows = [
                row
                for row in result.rows
                if (panel is None or row.axes.get(plot.panel) == panel)
                and (row.arm == arm if arm is not None else not plot.arms or row.arm in plot.arms)
                and measure in row.measures
            ]
            title = ", ".join(str(part) for part in (arm, panel is not None and f"{plot.panel} {panel}") if part)
            axes.set_title(title or result.name, fontsize=10)
            {"lines": _lines, "heat": _heat, "bars": _bars}[plot.kind](axes, rows, plot, measure)
    return figure


def _lines(axes: Panel, rows: Sequence[Row], plot: Plot, measure: str) -> None:
    for arm in dict.fromkeys(row.arm for row in rows):
        own = sorted(
            (row for row in rows if row.arm == arm and plot.x in row.axes), key=lambda row: _place(row.axes, plot)
        )
        at = [_place(row.axes, plot) for row in own]
        values = [_value(row, measure) for row in own]
        [line] = axes.plot(at, values, marker="o", markersize=3.5, label=arm)
        low = [_end(row, measure, 0) for row in own]
        high = [_end(row, measure, 1) for row in own]
        if not np.isnan([*low, *high]).any():
            axes.fill_between(at, low, high, color=line.get_color(), alpha=0.12, linewidth=0)
    if plot.log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(plot.x)
    axes.set_ylabel(measure.replace("_", " "))
    axes.legend(fontsize=8, frameon=False)


def _heat(axes: Panel, rows: Sequence[Row], plot: Plot, measure: str) -> None:
    across = sorted({_place(row.axes, plot) for row in rows})
    down = sorted({float(row.axes[plot.y]) for row in rows})
    values = np.full((len(down), len(across)), np.nan)
    for row in rows:
        values[down.index(float(row.axes[plot.y])), across.index(_place(row.axes, plot))] = _value(row, measure)
    axes.imshow(values, origin="lower", aspect="auto", cmap="viridis")
    middle = np.nanmean(values) if not np.isnan(values).all() else 0.0
    for (line, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            axes.text(column, line, f"{value:.3f}", ha="center", va="center", fontsize=7,
                      color="white" if value < middle else "black")  # fmt: skip
    axes.set_xticks(range(len(across)), [f"{one:g}" for one in across])
    axes.set_yticks(range(len(down)), [f"{one:g}" for one in down])
    axes.set_xlabel(plot.x)
    axes.set_ylabel(f"{plot.y} (colour: {measure.replace('_', ' ')})")


def _bars(axes: Panel, rows: Sequence[Row], plot: Plot, measure: str) -> None:
    names = [
        " ".join([row.arm, *(str(value) for axis, value in row.axes.items() if axis != plot.panel)]) for row in rows
    ]
    values = [_value(row, measure) for row in rows]
    spread = np.array(
        [[v - _end(row, measure, 0), _end(row, measure, 1) - v] for row, v in zip(rows, values, strict=True)]
    ).reshape(len(rows), 2)
    places = np.arange(len(rows))[::-1]
    axes.errorbar(values, places, xerr=np.nan_to_num(np.maximum(spread, 0)).T, fmt="o", markersize=4, capsize=2)
    axes.set_yticks(places, names, fontsize=8)
    axes.set_xlabel(measure.replace("_", " "))
    axes.grid(axis="x", alpha=0.3)


def _place(axes: Axes, plot: Plot) -> float:
    return float(axes[plot.x])


def _value(row: Row, measure: str) -> float:
    value = row.measures[measure].value
    return float("nan") if value is None else value


def _end(row: Row, measure: str, end: int) -> float:
    interval = row.measures[measure].ci95
    return float("nan") if interval is None else interval[end]
