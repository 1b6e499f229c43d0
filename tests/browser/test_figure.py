"""The figure of a neighbourhood: labels never overlap, as a browser measures them; the same bytes every time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import networkx as nx
import pytest

from persona_db.chains.export import export_neighbourhood
from persona_db.chains.figure import NARROW, figure_of
from persona_db.chains.figure_svg import write_svg
from persona_db.chains.figure_text import breadth, fitted
from persona_db.chains.neighbourhoods import neighbourhood
from persona_db.graph.session import Graph
from persona_db.graph.users import users
from tests.figure_boxes import boxes, overlaps

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Explorer


def made_up(rng: random.Random, people: int, keys: int) -> nx.Graph[str]:
    """A neighbourhood with names of all lengths and scripts."""
    letters = "abc WMÄ漢字ب€'&<>\"…"
    made: nx.Graph[str] = nx.Graph(dataset="d", user="u")

    def name() -> str:
        return "".join(rng.choice(letters) for _ in range(rng.randint(1, 90)))

    made.add_node("user u", id="u", role="user", name=name())
    for key in range(keys):
        made.add_node(f"key {key}", id=str(key), role="key", kind="stance", name=name(), counts=rng.random())
    for person in range(people):
        made.add_node(f"user p{person}", id=f"p{person}", role="collaborator", name=name(), score=rng.random())
        for key in range(keys):
            if rng.random() < 0.5:
                made.add_edge(f"user p{person}", f"key {key}", weight=rng.random(), opposed=rng.random() < 0.2)
    return made


def test_no_labels_of_senators_overlap(explorer: Explorer, page: Page) -> None:
    """Of 50 people drawn at random with 20 collaborators each, as the browser measures the texts."""
    with Graph.connect(explorer.settings) as graph:
        drawn = random.Random(0).sample([one.id for one in users(graph, "senate")], 50)
        for user in drawn:
            made = neighbourhood(graph, user, dataset="senate", top_k=20)
            for width in (1_000, NARROW):
                assert overlaps(boxes(page, write_svg(figure_of(made, width=width))), width) == [], user


@pytest.mark.parametrize("width", [NARROW, 600, 1_000, 2_400])
def test_no_labels_overlap_whatever_they_are(page: Page, width: int) -> None:
    """Names in wide letters and in scripts of the east, of few people and of many values."""
    rng = random.Random(width)
    for people, keys in ((1, 1), (20, 16), (3, 40), (60, 2)):
        figure = figure_of(made_up(rng, people, keys), width=width)
        svg = write_svg(figure)
        ElementTree.fromstring(svg)
        assert overlaps(boxes(page, svg), width) == []


def test_the_same_bytes(tmp_path: Path) -> None:
    """Twice the same neighbourhood, its nodes in another order, gives the same SVG, PDF, PNG and page."""
    made = made_up(random.Random(7), 9, 5)
    turned: nx.Graph[str] = nx.Graph(**made.graph)
    turned.add_nodes_from(reversed(list(made.nodes(data=True))))
    turned.add_edges_from(reversed(list(made.edges(data=True))))
    for kind in ("svg", "pdf", "png", "html"):
        files = [tmp_path / f"{name}.{kind}" for name in ("one", "other")]
        for graph, file in zip((made, turned), files, strict=True):
            export_neighbourhood(graph, file, width=800, theme="dark")
        assert files[0].read_bytes() == files[1].read_bytes(), kind
        assert files[0].stat().st_size > 1_000


def test_a_text_is_cut_to_its_room() -> None:
    """What fits stays, and what does not ends in an ellipsis within the room."""
    assert fitted("short", 100) == "short"
    cut = fitted("a rather long text that goes on", 100)
    assert cut.endswith("…")
    assert breadth(cut) <= 100
