"""The drawing of the graph's model shows what the queries read and write, and the page says the same in words."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from docs.diagram import ARROWS, BOXES, LOOPS, drawing
from persona_db.graph.catalog import catalog

PAGE = Path(__file__).resolve().parents[2] / "docs" / "graph-model.md"
DRAWN = {one.type for one in (*ARROWS, *LOOPS)}
BOOKKEEPING = {"Migration"}
"""What the page tells of in words only."""


def test_every_type_and_label_of_the_queries_is_drawn() -> None:
    """The labels and relationship types drawn are exactly those of the queries."""
    texts = [query.text for query in catalog().values()]
    types = {found for text in texts for found in re.findall(r"\[\w*:([A-Z_]+)", text)}
    labels = {found for text in texts for found in re.findall(r"\(\w*:([A-Z]\w+)", text)}
    assert types == DRAWN
    assert labels - BOOKKEEPING == {box.label for box in BOXES}


def test_the_page_says_it_in_words() -> None:
    """The page has the same in words, and the drawing a title and a description."""
    words = PAGE.read_text(encoding="utf-8")
    assert [one for one in DRAWN if f":{one}" not in words] == []
    assert [box.label for box in BOXES if f":{box.label}" not in words and f"`{box.label}`" not in words] == []
    svg = ElementTree.fromstring(drawing())
    named = [svg.find(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc")]
    assert all(one is not None and one.text for one in named)
