"""The neighbourhood as a figure to read and print: a fixed layout in which no two labels overlap, and its SVG."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from persona_db.chains.labels.texts import visible
from persona_db.graph.attributes import value_label

if TYPE_CHECKING:
    import networkx

__all__ = ["PALETTES", "WIDTH", "Figure", "Label", "Link", "Theme", "figure_of", "words_of", "write_svg"]

Theme = Literal["light", "dark"]
WIDTH = 1_000
"""Of a figure unless given; it can be 600 to 4,000."""
PALETTES: dict[str, dict[str, str]] = {
    "light": {"paper": "#ffffff", "ink": "#1c2b39", "faint": "#56657a", "line": "#d5dbe3", "user": "#b83246",
              "person": "#1f6f93", "key": "#b7791f", "agree": "#1f6f93", "differ": "#b83246"},
    "dark": {"paper": "#14191f", "ink": "#e6ebf1", "faint": "#a3b0c0", "line": "#36414d", "user": "#ef7084",
             "person": "#5fb0d6", "key": "#edae49", "agree": "#5fb0d6", "differ": "#ef7084"},
}  # fmt: skip
SIZE = 12.0
"""Of the labels."""
_ROW = 23.0
_TOP, _BOTTOM = 74.0, 46.0
_DIFFER = 4.5
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Label:
    """A value or a person: where its text begins, its dot, and what it leads to."""

    role: Literal["key", "collaborator"]
    id: str
    text: str
    whole: str
    x: float
    y: float
    dot: float
    radius: float
    note: str


@dataclass(frozen=True)
class Link:
    """A line from a value to a person who holds it, or its opposite (`differs`)."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    differs: bool
    says: str


@dataclass(frozen=True)
class Figure:
    """Everything drawn: the person, their values by how much they count, and people by how alike they are."""

    dataset: str
    user: str
    name: str
    width: float
    height: float
    labels: tuple[Label, ...]
    links: tuple[Link, ...]


def figure_of(made: networkx.Graph[str], *, width: int = WIDTH) -> Figure:
    """Return the figure of a neighbourhood: the same neighbourhood and width give the same figure.

    Values stand on the left, those that count most on top; people on the right, the most alike on top. Texts are cut
    where they would reach beyond their column, by a width that is that of a wide typeface.
    """
    people = _of_role(made, "collaborator", "score")
    keys = _of_role(made, "key", "counts")
    high = _ROW * max(len(people), len(keys), 1)
    user = f"user {made.graph['user']}"
    places: dict[str, tuple[float, float]] = {}
    labels = []
    left, right = 0.44 * width, 0.70 * width
    most = max((data["counts"] for _, data in keys), default=0.0) or 1.0
    for at, (node, data) in enumerate(keys):
        y = _TOP + (at + 0.5) * high / len(keys)
        places[node] = (left, y)
        text = named(data)
        labels.append(
            Label(
                "key",
                data["id"],
                fitted(text, left - 46),
                text,
                30.0,
                y,
                left,
                3 + 5 * data["counts"] / most,
                data["kind"],
            )
        )
    for at, (node, data) in enumerate(people):
        y = _TOP + (at + 0.5) * high / len(people)
        places[node] = (right, y)
        text, note = _clean(data["name"]), f"{data['score']:.2f}"
        room = width - right - 30 - breadth(note)
        labels.append(
            Label(
                "collaborator",
                data["id"],
                fitted(text, room),
                text,
                right + 14,
                y,
                right,
                3 + 5 * min(data["score"], 1.0),
                note,
            )
        )
    links = []
    for node, data in people:
        for key, own in keys:
            edge = made.edges[node, key] if made.has_edge(node, key) else None
            if edge is not None:
                does = "holds the opposite of" if edge["opposed"] else "holds"
                links.append(
                    Link(places[key], places[node], 0.8 + 1.8 * min(edge["weight"], 1.0), edge["opposed"],
                         f"{_clean(data['name'])} {does}: {named(own)}")
                )  # fmt: skip
    name = _clean(made.nodes[user]["name"])
    return Figure(
        made.graph["dataset"],
        made.graph["user"],
        name,
        float(width),
        _TOP + high + _BOTTOM,
        tuple(labels),
        tuple(links),
    )


def words_of(made: networkx.Graph[str]) -> list[tuple[str, str, float, list[str], list[str]]]:
    """Return the same in words: of each person (id, name, score, what they agree on, what they differ on)."""
    keys = _of_role(made, "key", "counts")
    found = []
    for node, data in _of_role(made, "collaborator", "score"):
        held = [(key, made.edges[node, key]["opposed"]) for key, _ in keys if made.has_edge(node, key)]
        sides = [[named(made.nodes[key]) for key, opposed in held if opposed == side] for side in (False, True)]
        found.append((data["id"], _clean(data["name"]), data["score"], *sides))
    return found


def write_svg(figure: Figure, *, theme: Theme | None = "light", links: bool = False) -> str:
    """Return the figure as SVG, the same bytes for the same figure.

    With a *theme* it brings its own colours; with None it is to stand in a page that has them (`explorer.css`). With
    *links* labels lead to the explorer's pages.
    """
    title, role = f"Who shares the values of {escape(figure.name)}", "group" if links else "img"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 {figure.width:g} {figure.height:g}" '
        f'width="{figure.width:g}" height="{figure.height:g}" role="{role}" aria-labelledby="figure-title">',
        f'<title id="figure-title">{title}</title>',
    ]
    if theme is not None:
        parts += [
            f"<style>{_style(PALETTES[theme])}</style>",
            f'<rect class="paper" width="{figure.width:g}" height="{figure.height:g}"/>',
        ]
    parts += [
        f'<text class="head" x="34" y="30">{escape(fitted(figure.name, figure.width - 60, size=17))}</text>',
        f'<text class="note" x="30" y="{_TOP - 12:g}">holds these values, those first that count most</text>',
        f'<text class="note" x="{0.70 * figure.width + 14:g}" y="{_TOP - 12:g}">the most alike first</text>',
        '<circle class="user" cx="16" cy="25" r="8"/>',
    ]
    ends = [one.y for one in figure.labels if one.role == "key"]
    if ends:
        stem = f"M16 33V{max(ends):.1f}" + "".join(f"M16 {y:.1f}h10" for y in ends)
        parts.append(f'<path class="stem" d="{stem}"/>')
    parts += [_link(one) for one in sorted(figure.links, key=lambda one: one.differs)]
    parts += [_label(one, figure, links=links) for one in figure.labels]
    foot = figure.height - 16
    parts += [
        f'<path class="agree" stroke-width="2" d="M30 {foot - 4:g}h34"/>'
        f'<text class="note" x="72" y="{foot:g}">holds it too</text>',
        f'<path class="differ" stroke-width="2" d="M190 {foot - 4:g}h34"/>{_cross(207, foot - 4)}'
        f'<text class="note" x="232" y="{foot:g}">holds the opposite</text>',
        f'<text class="note" x="372" y="{foot:g}">the thicker, the more clearly</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def breadth(text: str, size: float = SIZE) -> float:
    """Return how wide *text* is at most in a usual sans-serif typeface."""
    return sum(_EMS.get(char) or _wide(char) for char in text) * size


def fitted(text: str, room: float, size: float = SIZE) -> str:
    """Return *text* in one line, cut with an ellipsis where it has not the *room*."""
    line = " ".join(text.split())
    if breadth(line, size) <= room:
        return line
    while line and breadth(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


_EMS = {
    **dict.fromkeys("ijl|'.,:;! ", 0.34), **dict.fromkeys("ftr()[]-/I\"", 0.46), **dict.fromkeys("mwMW@%&", 1.0),
    **dict.fromkeys("…—", 1.0), **dict.fromkeys("abcdeghknopqsuvxyz0123456789$?+=", 0.645),
}  # fmt: skip


def _wide(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.1
    return 0.8


def named(data: dict[str, Any]) -> str:
    """Return what a node is called: demographics as `Party: R`, apart from values."""
    return _clean(value_label(data["name"], data.get("kind")))


def _of_role(made: networkx.Graph[str], role: str, by: str) -> list[tuple[str, dict[str, Any]]]:
    found = [(node, data) for node, data in made.nodes(data=True) if data["role"] == role]
    return sorted(found, key=lambda one: (-one[1][by], one[1]["id"]))


def _clean(text: str) -> str:
    """Return a text on one line that XML can hold and that turns nothing around it."""
    return " ".join(_NOT_XML.sub("�", visible(text)).split())


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
    text = f'<text class="label" x="{one.x:.1f}" y="{one.y + 4:.1f}">{escape(one.text)}</text>'
    if links:
        page, name = ("key", "key") if one.role == "key" else ("neighbourhood", "user")
        address = escape(f"/{page}?{urlencode({'dataset': figure.dataset, name: one.id})}")
        text = f'<a href="{address}">{text}</a>'
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


def _style(colour: dict[str, str]) -> str:
    return (
        f"text{{font:{SIZE:g}px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:{colour['ink']}}}"
        f".head{{font-size:17px;font-weight:600}}.note{{fill:{colour['faint']};font-size:11px}}.paper{{fill:{colour['paper']}}}"
        f".user{{fill:{colour['user']}}}.person{{fill:{colour['person']}}}.key{{fill:{colour['key']}}}"
        f".stem{{stroke:{colour['line']};fill:none}}.agree{{stroke:{colour['agree']};fill:none;opacity:.55}}"
        f".differ{{stroke:{colour['differ']};fill:none;stroke-dasharray:6 4}}"
        f".cross{{stroke:{colour['differ']};stroke-width:2;fill:none}}"
    )
