"""The figure of a neighbourhood as SVG: for a file of its own, or to stand in a page."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from persona_db.chains.figure import LINE, PALETTES, Figure, Label, Link, Sample, Theme
from persona_db.chains.figure_text import SIZE, breadth

__all__ = ["write_svg"]

_DIFFER = 4.5
_SAMPLE = 34


def write_svg(figure: Figure, *, theme: Theme | None = "light", links: bool = False, name: str = "figure") -> str:
    """Return the figure as SVG, the same bytes for the same figure.

    With a *theme* it brings its own colours; with None it is to stand in a page that has them (`explorer.css`), where
    *name* tells it from others. With *links* labels lead to the explorer's pages.
    """
    title, role = f"Who shares the values of {escape(figure.name)}", "group" if links else "img"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 {figure.width:g} {figure.height:g}" '
        f'width="{figure.width:g}" height="{figure.height:g}" role="{role}" aria-labelledby="{name}-title">',
        f'<title id="{name}-title">{title}</title>',
    ]
    if theme is not None:
        parts += [
            f"<style>{_style(PALETTES[theme])}</style>",
            f'<rect class="paper" width="{figure.width:g}" height="{figure.height:g}"/>',
        ]
    parts += [
        f'<text class="head" x="34" y="30">{escape(figure.head)}</text>',
        *(f'<text class="note" x="{one.x:.1f}" y="{one.y:g}">{escape(one.text)}</text>' for one in figure.notes),
        '<circle class="user" cx="16" cy="25" r="8"/>',
    ]
    ends = [one.y for one in figure.labels if one.role == "key"]
    if ends:
        stem = f"M16 33V{max(ends):.1f}" + "".join(f"M16 {y:.1f}h10" for y in ends)
        parts.append(f'<path class="stem" d="{stem}"/>')
    parts += [_link(one) for one in sorted(figure.links, key=lambda one: one.differs)]
    parts += [_label(one, figure, links=links) for one in figure.labels]
    parts += [_sample(one) for one in figure.legend]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _link(one: Link) -> str:
    (x, y), (u, v) = one.start, one.end
    bend = (u - x) * 0.4
    kind = "differ" if one.differs else "agree"
    line = f"M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {u - bend:.1f} {v:.1f} {u:.1f} {v:.1f}"
    cross = _cross((x + u) / 2, (y + v) / 2) if one.differs else ""
    path = f'<path class="{kind}" stroke-width="{one.width:.2f}" d="{line}"/>'
    return f"<g><title>{escape(one.says)}</title>{path}{cross}</g>"


def _cross(x: float, y: float) -> str:
    r = _DIFFER
    down, up = f"M{x - r:.1f} {y - r:.1f}l{2 * r:g} {2 * r:g}", f"M{x - r:.1f} {y + r:.1f}l{2 * r:g} {-2 * r:g}"
    return f'<path class="cross" d="{down}{up}"/>'


def _label(one: Label, figure: Figure, *, links: bool) -> str:
    shape = "key" if one.role == "key" else "person"
    # A space ends each line but the last, so that who copies or hears the text has its words apart.
    lines = "".join(
        f'<tspan x="{one.x:.1f}" y="{y:.1f}">{escape(line)}{" " if at + 1 < len(one.lines) else ""}</tspan>'
        for at, (line, y) in enumerate(zip(one.lines, one.baselines(), strict=True))
    )
    text = f'<text class="label">{lines}</text>'
    if links:
        page, name = ("key", "key") if one.role == "key" else ("neighbourhood", "user")
        address = escape(f"/{page}?{urlencode({'dataset': figure.dataset, name: one.id})}")
        wide, high = max(map(breadth, one.lines)), LINE * len(one.lines) + 4
        place = f'x="{one.x - 2:.1f}" y="{one.y - high / 2:.1f}" width="{wide + 4:.1f}" height="{high:.1f}"'
        text = f'<a href="{address}"><rect class="hit" {place}/>{text}</a>'  # a finger meets the label, not a letter
    note = ""
    if one.role == "collaborator":
        note = f'<text class="note" text-anchor="end" x="{figure.width - 8:g}" y="{one.y + 4:.1f}">{one.note}</text>'
    dot = (
        f'<rect class="{shape}" x="{one.dot - one.radius:.1f}" y="{one.y - one.radius:.1f}" '
        f'width="{2 * one.radius:.1f}" '
        f'height="{2 * one.radius:.1f}"/>'
        if one.role == "key"
        else f'<circle class="{shape}" cx="{one.dot:.1f}" cy="{one.y:.1f}" r="{one.radius:.1f}"/>'
    )
    return f"<g><title>{escape(one.whole)}</title>{dot}{text}{note}</g>"


def _sample(one: Sample) -> str:
    if one.differs is None:
        return f'<text class="note" x="{one.x:.1f}" y="{one.y:g}">{one.text}</text>'
    kind, cross = ("differ", _cross(one.x + _SAMPLE / 2, one.y - 4)) if one.differs else ("agree", "")
    line = f'<path class="{kind}" stroke-width="2" d="M{one.x:.1f} {one.y - 4:g}h{_SAMPLE}"/>'
    return f'{line}{cross}<text class="note" x="{one.x + _SAMPLE + 8:.1f}" y="{one.y:g}">{one.text}</text>'


def _style(colour: dict[str, str]) -> str:
    return (
        f"text{{font:{SIZE:g}px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:{colour['ink']}}}"
        f".head{{font-size:17px;font-weight:600}}.note{{fill:{colour['faint']};font-size:11px}}.paper{{fill:{colour['paper']}}}"
        f".user{{fill:{colour['user']}}}.person{{fill:{colour['person']}}}.key{{fill:{colour['key']}}}"
        f".stem{{stroke:{colour['line']};fill:none}}.agree{{stroke:{colour['agree']};fill:none;opacity:.55}}"
        f".differ{{stroke:{colour['differ']};fill:none;stroke-dasharray:6 4}}"
        f".cross{{stroke:{colour['differ']};stroke-width:2;fill:none}}"
    )
