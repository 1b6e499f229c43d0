"""All findings of a run on one page that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from persona_db.evals.experiments.finding import Finding, tables

__all__ = ["page"]


def page(findings: Sequence[Finding], pictures: Mapping[str, Sequence[Path]], *, command: str) -> str:
    """Return the page: each finding with its tables and its pictures (SVG files), all texts escaped."""
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
            dataset=findings[0].dataset,
            findings=findings,
            tables={finding.name: tables(finding) for finding in findings},
            pictures={finding.name: drawn.get(finding.name, []) for finding in findings},
            command=command,
        )
    )


def _inline(svg: str, prefix: str) -> str:
    """Return the drawing alone, its ids told apart from those of other drawings on the page."""
    drawing = svg[svg.index("<svg") :]
    for mark in (' id="', "url(#", ' xlink:href="#', ' href="#'):
        drawing = drawing.replace(mark, mark + prefix)
    return drawing
