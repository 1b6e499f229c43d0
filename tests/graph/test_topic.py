"""Retrieval by topic: what was said near a free text, best first, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.chains.retrieval.recall import recall
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.chains.runnables.retriever import PersonaRetriever
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import ConfigError, UnknownUserError
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.loaders import load, open_source

TOWN = Path(__file__).resolve().parents[2] / "docs" / "example" / "town.jsonl"
ABOUT = {
    "cycling": "For bike lanes instead of parking",
    "money for the school": "Against a loan for the school",
    "trees and gardens": "For a tree for every new house",
    "swimming": "Against a town pool",
    "books": "For higher library fees",
    "should taxes go down?": "For a lower town tax",
    "loud rockets on New Year's Eve": "For a ban on fireworks",
}
"""Topics in other words than Ada's answers, and the answer that is about each."""


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[str]:
    """The town of the README, where everybody shares what they said."""
    name = f"test-{uuid4().hex[:12]}"
    load(graph, open_source("jsonl", [TOWN]), dataset=name, sharing=Sharing.HISTORY)
    refine(graph, name)
    yield name
    drop_dataset(graph, name)


@pytest.mark.parametrize("topic", ABOUT)
def test_what_is_about_the_topic_comes_first(graph: Graph, town: str, topic: str) -> None:
    """The answer about it is the first of one's own items; scores fall, own items before others'."""
    items = recall(graph, "ada", topic, dataset=town).items
    own = [item for item in items if item.source == "own"]
    assert own[0].text == ABOUT[topic]
    assert own == list(items[: len(own)])
    for side in (own, list(items[len(own) :])):
        assert [item.score for item in side] == sorted((item.score for item in side), reverse=True)


def test_others_are_counted(graph: Graph, town: str) -> None:
    """An answer of collaborators stands once, with how many of those asked gave it."""
    context = recall(graph, "ada", "buses at night", dataset=town, settings=RecallSettings(ratio=0.5))
    [found] = [item for item in context.items if item.question == "buses" and item.option == 2]
    assert found.source == "collaborator"
    count, asked = (int(word) for word in found.text.rpartition("(")[2].split() if word.isdigit())
    assert 0 < count <= asked <= 39
    rows, _, _ = graph.driver.execute_query(
        "MATCH (h:HistoryItem {dataset: $d, question: 'buses'}) RETURN count(h) AS asked", d=town
    )
    assert asked <= rows[0]["asked"]


def test_nothing_is_returned_in_silence(graph: Graph, town: str) -> None:
    """Where nothing is near, a note names the nearest; no topic at all is an error."""
    context = recall(graph, "ada", "quantum chromodynamics", dataset=town)
    assert [item for item in context.items if item.source == "own"] == []
    assert context.note.startswith("Nothing that ada said is near this; the nearest: ")
    with pytest.raises(ConfigError, match="topic"):
        recall(graph, "ada", "  ", dataset=town)
    with pytest.raises(UnknownUserError):
        recall(graph, "nobody", "buses at night", dataset=town)


def test_documents_say_whose_they_are(graph: Graph, town: str) -> None:
    """What the user said is told from what others said, in the content itself."""
    found = PersonaRetriever(graph=graph, dataset=town, user="ada", ratio=0.5).invoke("buses at night")
    assert {document.metadata["source"] for document in found} == {"own", "collaborator"}
    for document in found:
        own = document.metadata["source"] == "own"
        assert document.page_content.startswith(
            "They said (" if own else "Somebody like them, not they themselves, said"
        )
