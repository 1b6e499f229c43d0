"""The layout of the neighbourhood figure: names have the room there is, and its legend fits every width."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import pytest

from persona_db.chains.export import export_neighbourhood
from persona_db.chains.figure import NARROW, figure_of
from persona_db.chains.figure_svg import write_svg
from persona_db.chains.figure_text import breadth, wrapped

STATEMENT = (
    'disagree · The Public Library "Internet Café" has become a hangout for the homeless, and this has become an '
    "issue the community has chosen to ignore."
)


def made(*values: str, people: int = 12) -> nx.Graph[str]:
    graph: nx.Graph[str] = nx.Graph(dataset="d", user="u")
    graph.add_node("user u", id="u", label="User", role="user", name="COLLINS (R ME)")
    for place, name in enumerate(values):
        graph.add_node(
            f"key {place}", id=str(place), label="CacheKey", role="key", kind="stance", name=name, counts=1.0
        )
    for place in range(people):
        node = f"user {place}"
        graph.add_node(node, id=node, label="User", role="collaborator", name=f"VOINOVICH {place} (R OH)", score=0.4)
        for key in range(len(values)):
            graph.add_edge(node, f"key {key}", type="HOLDS", weight=0.5, opposed=key % 2 == 1)
    return graph


@pytest.mark.parametrize("width", [600, 1_000, 2_400])
def test_no_name_is_cut(width: int) -> None:
    """A statement of 150 characters is set in lines, or in one where the figure is wide; a person's name too."""
    figure = figure_of(made("Against ending guest worker visas after five years etc.", STATEMENT), width=width)
    assert [" ".join(one.lines) for one in figure.labels] == [one.whole for one in figure.labels]
    assert "…" not in write_svg(figure)
    assert all(len(one.lines) == 1 for one in figure.labels) == (width == 2_400)


def test_on_a_telephone_too() -> None:
    """Values of up to 60 characters, which names of values have at most, are whole in the narrow figure."""
    figure = figure_of(made("Against Byrd's transportation funding in 2006 budget etc."), width=NARROW)
    assert "…" not in write_svg(figure)
    assert all(one.x >= 0 and one.x + breadth(one.text, 11) <= NARROW for one in figure.notes)
    assert len({one.y for one in figure.legend}) == 2


@pytest.mark.parametrize("width", [NARROW, 600, 1_000, 4_000])
def test_columns_keep_apart(width: int) -> None:
    """Texts end before the dots of their column, and lines have room between the columns."""
    figure = figure_of(made(STATEMENT, "w" * 300, "Party: R", people=30), width=width)
    keys = [one for one in figure.labels if one.role == "key"]
    people = [one for one in figure.labels if one.role == "collaborator"]
    assert max(one.x + max(map(breadth, one.lines)) for one in keys) < keys[0].dot - 8
    assert people[0].dot - keys[0].dot >= 0.1 * width
    assert max(one.x + max(map(breadth, one.lines)) + breadth(one.note) for one in people) <= width
    for column in (keys, people):
        for above, below in itertools.pairwise(column):
            assert above.baselines()[-1] + 12 <= below.baselines()[0]


def test_what_is_far_too_long_is_cut() -> None:
    """Lines are as many as are asked for at most."""
    lines = wrapped("word " * 500, 100, most=5)
    assert len(lines) == 5
    assert lines[-1].endswith("…")
    assert max(map(breadth, lines)) <= 100


def test_a_value_whose_name_is_cut_is_shown_in_full() -> None:
    """`whole` is what the neighbourhood knows of such a value."""
    graph = made('disagree · The Public Library "Internet Café" has become a…')
    graph.nodes["key 0"]["whole"] = STATEMENT
    assert figure_of(graph).labels[0].whole == STATEMENT


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        ("svg", {"people": 12, "values": 2, "lines between them": 24}),
        ("html", {"people": 12, "values": 2, "lines between them": 24}),
        ("json", {"collaborators": 12, "keys": 2, "facts": 1}),
    ],
)
def test_what_a_file_shows_is_told(tmp_path: Path, ending: str, shown: dict[str, int]) -> None:
    """A figure has no facts, so that none are told of it; a graph file has them."""
    graph = made("For bus lanes", "Party: R")
    graph.add_node("fact f", id="f", label="Fact", role="fact", layer="induced", name="For trees")
    assert export_neighbourhood(graph, tmp_path / f"x.{ending}") == shown
