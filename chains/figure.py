"""The neighbourhood as a figure to read and print: a fixed layout in which no two labels overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from persona_db.chains.figure_text import breadth, fitted, on_one_line, wrapped
from persona_db.graph.attributes import value_label

if TYPE_CHECKING:
    import networkx

__all__ = [
    "LINE", "NARROW", "PALETTES", "WIDTH", "Figure", "Label", "Link", "Note", "Sample", "Theme", "figure_of", "named",
    "words_of",
]  # fmt: skip

Theme = Literal["light", "dark"]
WIDTH = 1_000
"""Of a figure unless given; it can be 600 to 4,000."""
NARROW = 360
"""Of the figure that the explorer shows on a telephone."""
PALETTES: dict[str, dict[str, str]] = {
    "light": {"paper": "#ffffff", "ink": "#1c2b39", "faint": "#56657a", "line": "#d5dbe3", "user": "#b83246",
              "person": "#1f6f93", "key": "#b7791f", "agree": "#1f6f93", "differ": "#b83246"},
    "dark": {"paper": "#14191f", "ink": "#e6ebf1", "faint": "#a3b0c0", "line": "#36414d", "user": "#ef7084",
             "person": "#5fb0d6", "key": "#edae49", "agree": "#5fb0d6", "differ": "#ef7084"},
}  # fmt: skip
LINE = 15.0
"""From one line of a label to the next."""
_ROW = 23.0
_SMALL = 11.0
_HEAD = 17.0
_LEFT, _RIGHT = 30.0, 8.0  # margins of the columns
_FROM_DOT, _TO_DOT = 14.0, 16.0  # between a dot and its text
_MOST_LINES = 8
_LEAST_LINKS = 0.13  # of the width, between the columns
_PEOPLE = 0.42  # of the room of both columns, where they lack some
_SAMPLE = 34.0
_ALIKE = "the most alike first"


@dataclass(frozen=True)
class Label:
    """A value or a person: the lines of its text, of which `y` is the middle, its dot, and what it leads to."""

    role: Literal["key", "collaborator"]
    id: str
    lines: tuple[str, ...]
    whole: str
    x: float
    y: float
    dot: float
    radius: float
    note: str

    def baselines(self) -> tuple[float, ...]:
        """Return where each line of the text stands."""
        first = self.y + 4 - (len(self.lines) - 1) * LINE / 2
        return tuple(first + at * LINE for at in range(len(self.lines)))


@dataclass(frozen=True)
class Link:
    """A line from a value to a person who holds it, or its opposite (`differs`)."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    differs: bool
    says: str


@dataclass(frozen=True)
class Note:
    """A small text beside what it explains."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Sample:
    """A piece of a line in the legend, and what such a line says; without `differs` the text stands alone."""

    x: float
    y: float
    text: str
    differs: bool | None


@dataclass(frozen=True)
class Figure:
    """Everything drawn: the person, their values by how much they count, and people by how alike they are."""

    dataset: str
    user: str
    name: str
    head: str
    width: float
    height: float
    labels: tuple[Label, ...]
    links: tuple[Link, ...]
    notes: tuple[Note, ...]
    legend: tuple[Sample, ...]

    def count(self, role: Literal["key", "collaborator"]) -> int:
        """Return how many values or people are drawn."""
        return sum(one.role == role for one in self.labels)


@dataclass(frozen=True)
class _Columns:
    """Where the two columns are, and how much room their texts have."""

    keys: float
    people: float
    left: float
    right: float


def figure_of(made: networkx.Graph[str], *, width: int = WIDTH) -> Figure:
    """Return the figure of a neighbourhood: the same neighbourhood and width give the same figure.

    Values stand on the left, those that count most on top; people on the right, the most alike on top. A column takes
    the room that its texts need. Where both lack room, texts are set in up to eight lines, and what is longer is cut;
    how wide a text is at most is told by a wide typeface.
    """
    people, keys = _of_role(made, "collaborator", "score"), _of_role(made, "key", "counts")
    names = {node: on_one_line(data["name"]) for node, data in people}
    values = {node: named(data) for node, data in keys}
    notes = {node: f"{data['score']:.2f}" for node, data in people}
    columns = _columns(width, list(values.values()), list(names.values()), list(notes.values()))
    set_keys = [wrapped(values[node], columns.keys, most=_MOST_LINES) for node, _ in keys]
    set_people = [wrapped(names[node], columns.people, most=_MOST_LINES) for node, _ in people]
    heads = [
        wrapped("holds these values, those first that count most", columns.left - _LEFT, most=3, size=_SMALL),
        wrapped(_ALIKE, width - columns.right - _FROM_DOT - _RIGHT, most=3, size=_SMALL),
    ]
    top = 62 + LINE * max(len(one) for one in heads) - 3
    high = max(sum(map(_row, set_keys)), sum(map(_row, set_people)), _ROW)
    places: dict[str, tuple[float, float]] = {}
    labels = []
    most = max((data["counts"] for _, data in keys), default=0.0) or 1.0
    for (node, data), lines, y in zip(keys, set_keys, _middles(set_keys, top, high), strict=True):
        places[node] = (columns.left, y)
        radius = 3 + 5 * data["counts"] / most
        labels.append(Label("key", data["id"], lines, values[node], _LEFT, y, columns.left, radius, data["kind"]))
    for (node, data), lines, y in zip(people, set_people, _middles(set_people, top, high), strict=True):
        places[node] = (columns.right, y)
        x, radius = columns.right + _FROM_DOT, 3 + 5 * min(data["score"], 1.0)
        labels.append(Label("collaborator", data["id"], lines, names[node], x, y, columns.right, radius, notes[node]))
    legend, foot = _legend(width, top + high + 30)
    return Figure(
        made.graph["dataset"],
        made.graph["user"],
        name := on_one_line(made.nodes[f"user {made.graph['user']}"]["name"]),
        fitted(name, width - 34 - _RIGHT, size=_HEAD),
        float(width),
        foot + 16,
        tuple(labels),
        tuple(_links(made, people, keys, places, names, values)),
        tuple(
            Note(x, 62 + at * LINE, text)
            for x, lines in zip((_LEFT, columns.right + _FROM_DOT), heads, strict=True)
            for at, text in enumerate(lines)
        ),
        legend,
    )


def words_of(made: networkx.Graph[str]) -> list[tuple[str, str, float, list[str], list[str]]]:
    """Return the same in words: of each person (id, name, score, what they agree on, what they differ on)."""
    keys = _of_role(made, "key", "counts")
    found = []
    for node, data in _of_role(made, "collaborator", "score"):
        held = [(key, made.edges[node, key]["opposed"]) for key, _ in keys if made.has_edge(node, key)]
        sides = [[named(made.nodes[key]) for key, opposed in held if opposed == side] for side in (False, True)]
        found.append((data["id"], on_one_line(data["name"]), data["score"], *sides))
    return found


def named(data: dict[str, Any]) -> str:
    """Return what a node is called: attributes as `Party: R`, a value by its whole text where its name is cut."""
    return on_one_line(data.get("whole") or value_label(data["name"], data.get("kind")))


def _of_role(made: networkx.Graph[str], role: str, by: str) -> list[tuple[str, dict[str, Any]]]:
    found = [(node, data) for node, data in made.nodes(data=True) if data["role"] == role]
    return sorted(found, key=lambda one: (-one[1][by], one[1]["id"]))


def _columns(width: float, keys: Sequence[str], people: Sequence[str], notes: Sequence[str]) -> _Columns:
    """Return columns as wide as their texts; where these need more than there is, people give way first to 42 %."""
    note = max(map(breadth, notes), default=0.0) + 8
    room = width - _LEFT - _TO_DOT - _FROM_DOT - note - _RIGHT
    wanted, others = max(map(breadth, keys), default=0.0), max(map(breadth, people), default=0.0)
    texts = room - max(_LEAST_LINKS * width, 40.0)
    if wanted + max(others, breadth(_ALIKE, _SMALL)) <= texts:
        others = max(others, breadth(_ALIKE, _SMALL))
    elif wanted + others > texts:
        others = min(others, max(_PEOPLE * texts, texts - wanted))
        wanted = texts - others
    left = _LEFT + wanted + _TO_DOT
    return _Columns(wanted + 0.01, others + 0.01, left, width - _RIGHT - note - others - _FROM_DOT)


def _row(lines: Sequence[str]) -> float:
    return max(_ROW, LINE * len(lines) + 8)


def _middles(rows: Sequence[Sequence[str]], top: float, high: float) -> list[float]:
    """Return the middle of each row of a column that is *high*, with what rows leave shared out evenly."""
    spare = (high - sum(map(_row, rows))) / len(rows) if rows else 0.0
    found, at = [], top
    for lines in rows:
        tall = _row(lines) + spare
        found.append(at + tall / 2)
        at += tall
    return found


def _links(
    made: networkx.Graph[str], people: Sequence[tuple[str, Any]], keys: Sequence[tuple[str, Any]],
    places: dict[str, tuple[float, float]], names: dict[str, str], values: dict[str, str],
) -> list[Link]:  # fmt: skip
    found = []
    for node, _ in people:
        for key, _ in keys:
            if not made.has_edge(node, key):
                continue
            edge = made.edges[node, key]
            does = "holds the opposite of" if edge["opposed"] else "holds"
            wide = 0.8 + 1.8 * min(edge["weight"], 1.0)
            says = f"{names[node]} {does}: {values[key]}"
            found.append(Link(places[key], places[node], wide, edge["opposed"], says))
    return found


def _legend(width: float, y: float) -> tuple[tuple[Sample, ...], float]:
    """Return the legend, in as many rows as it needs, and where the last stands."""
    found = []
    x = _LEFT
    said: tuple[tuple[str, bool | None], ...] = (
        ("holds it too", False), ("holds the opposite", True), ("the thicker, the more clearly", None),
    )  # fmt: skip
    for text, differs in said:
        wide = breadth(text, _SMALL) + (0 if differs is None else _SAMPLE + 8)
        if x + wide > width - _RIGHT and x > _LEFT:
            x, y = _LEFT, y + LINE
        found.append(Sample(x, y, text, differs))
        x += wide + 26
    return tuple(found), y
