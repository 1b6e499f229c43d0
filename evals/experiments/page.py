"""All results of a run on one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from persona_db.evals.experiments.result import ExperimentResult, tables

__all__ = ["page"]


def page(results: Sequence[ExperimentResult], pictures: Mapping[str, Sequence[Path]], *, command: str) -> str:
    """Return the page: each result with its tables and pictures (SVG files), with all texts escaped."""
    from jinja2 import Environment
    from markupsafe import Markup

    template = files("persona_db.evals.experiments").joinpath("report.html").read_text(encoding="utf-8")
    drawn: dict[str, list[Markup]] = {}
    for name, paths in pictures.items():
        texts = [_inline(path.read_text(encoding="utf-8"), f"{name}-{n}-") for n, path in enumerate(paths)]
        drawn[name] = [Markup(text) for text in texts]  # noqa: S704 - matplotlib escaped every label in them
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            dataset=results[0].dataset,
            results=results,
            tables={result.name: tables(result) for result in results},
            pictures={result.name: drawn.get(result.name, []) for result in results},
            command=command,
        )
    )


def _inline(svg: str, prefix: str) -> str:
    """Return the drawing alone, with *prefix* before its ids, which are then unique on the page."""
    drawing = svg[svg.index("<svg") :]
    for mark in (' id="', "url(#", ' xlink:href="#', ' href="#'):
        drawing = drawing.replace(mark, mark + prefix)
    return drawing
