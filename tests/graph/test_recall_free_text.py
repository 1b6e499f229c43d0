"""Free text is recalled by meaning: one's own, and what others lend of theirs, as far as they share it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict_many, recall, refine
from persona_db.chains.results import Context, Recalled
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import embed_missing
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import HistoryItem, Question, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import SpeakingEmbedder, World, make_world, pairs, rows, store

EMBEDDER = SpeakingEmbedder()
ASKED = "q01"  # More forests for point1?
NEAR, FAR = "More forests for everybody!", "My cat sleeps well at night."
SPEAKING = "Forests, rivers and animals have to be saved from us."
"""A sentence that speaks for a term of the vocabularies."""


def text(user: str, name: str, said: str, *, at: str = "") -> HistoryItem:
    return HistoryItem(id=f"{user}/{name}", user=user, text=said, at=at)


def talking() -> World:
    """Forty people, of whom some say something beside their answers."""
    world = make_world(dated=True).without("u00", ASKED)
    said = (
        text("u00", "near", NEAR, at="2003-01-01"),
        text("u00", "far", FAR, at="2003-01-01"),
        text("u00", "later", "Forests, more forests for point1?", at="2012-01-01"),
        *(
            text(f"u{n:02}", "t", f"More forests for the people of street {n}. {SPEAKING}", at="2003-01-01")
            for n in range(1, 40)
        ),
    )
    return replace(world, items=(*world.items, *said))


@dataclass(frozen=True)
class Talking:
    """A refined dataset that tests only read."""

    graph: Graph
    dataset: str

    def recall(self, user: str = "u00", question: str = ASKED, as_of: str | None = None, **how: Any) -> Context:
        settings = RecallSettings(**how)
        return recall(self.graph, user, question, dataset=self.dataset, settings=settings, as_of=as_of)


@pytest.fixture(scope="module")
def talk(graph: Graph) -> Iterator[Talking]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, talking(), embedder=EMBEDDER)
    refine(graph, dataset, embedder=EMBEDDER)
    refine(graph, dataset, as_of="2010-12-31", embedder=EMBEDDER)
    yield Talking(graph, dataset)
    drop_dataset(graph, dataset)


def texts(context: Context, source: str) -> list[Recalled]:
    return [item for item in context.items if item.source == source and item.value is None and item.question is None]


def test_near_texts_are_recalled(talk: Talking) -> None:
    """In the order of their meaning, on the scale of the answers; what has nothing to do with it is not."""
    own = texts(talk.recall(size=60), "own")
    assert [item.text for item in own][:2] == ["Forests, more forests for point1?", NEAR]
    assert FAR not in {item.text for item in own}
    assert all(0.01 <= item.score <= 1 for item in own)
    every = [item.score for item in talk.recall(size=60, ratio=0).items]
    assert every == sorted(every, reverse=True)


def test_facts_that_a_text_made_are_recalled(talk: Talking) -> None:
    """Distilled from it, and once: the fact, not the text, when both say the same."""
    items = talk.recall(size=60, ratio=0).items
    assert len({item.text for item in items}) == len(items)
    only = talk.recall(size=60, ratio=0, layers=frozenset({"history"}))
    assert {item.layer for item in only.items} == {"history"}
    assert NEAR in {item.text for item in only.items}


def test_a_text_that_speaks_for_a_term_is_the_fact_that_supports_it(talk: Talking) -> None:
    """Whoever said such a sentence holds the term by that text; who did not, does not."""
    found = rows(
        talk.graph,
        """
        MATCH (u:User {dataset: $d})-[:HAS_FACT]->(i:Fact {key: 'ideology:environmentalist', layer: 'induced'})
        MATCH (i)-[:DERIVED_FROM]->(f:Fact {layer: 'distilled'})-[:SAYS]->(s:Statement)
        RETURN u.id AS user, i.text AS says, collect(DISTINCT s.text) AS texts
        """,
        d=talk.dataset,
    )
    assert {row["user"] for row in found} == {f"u{n:02}" for n in range(1, 40)}
    for row in found:
        assert row["says"] == "Speaks for the ideology of environmentalist"
        assert row["texts"] == [f"More forests for the people of street {int(row['user'][1:])}. {SPEAKING}"]


def test_nothing_said_later_is_recalled(talk: Talking) -> None:
    """As of a date."""
    then = {item.text for item in texts(talk.recall(size=60, as_of="2010-12-31"), "own")}
    assert NEAR in then
    assert "Forests, more forests for point1?" not in then


@pytest.mark.parametrize(
    ("sharing", "layers"),
    [
        (Sharing.KEYS, set()),
        (Sharing.INDUCED, {"induced"}),
        (Sharing.DISTILLED, {"induced", "distilled"}),
        (Sharing.HISTORY, {"induced", "distilled", "history"}),
    ],
)
def test_others_lend_what_they_share(graph: Graph, dataset: str, sharing: Sharing, layers: set[str]) -> None:
    """Texts from `history` on, facts by their layers."""
    store(graph, dataset, talking(), sharing=sharing, embedder=EMBEDDER)
    refine(graph, dataset, embedder=EMBEDDER)
    context = Talking(graph, dataset).recall(size=200, ratio=1.0, summaries=0.0, one_share=1.0)
    lent = [item for item in context.items if item.source == "collaborator"]
    assert {item.layer for item in lent} <= layers
    said = {item.user for item in lent if item.text.startswith("More forests for the people")}
    assert bool(said) == (sharing.rank >= Sharing.DISTILLED.rank)


def test_a_prediction_reads_answers_alone(graph: Graph, dataset: str) -> None:
    """Where there is room for all, the statistical engine predicts as if nobody had said anything else."""
    settings = RecallSettings(size=500, one_share=1.0)
    world = make_world(dated=True)
    store(graph, dataset, world, embedder=EMBEDDER)
    refine(graph, dataset)
    asked = list(pairs(world))
    before = predict_many(open_snapshot(graph, dataset), asked, settings=settings)
    said = [text(person.id, "t", f"More forests for {person.name}.") for person in world.people]
    store_items(graph, dataset, said)
    embed_missing(graph, dataset, EMBEDDER)
    after = predict_many(open_snapshot(graph, dataset), asked, settings=settings)
    assert [one.probabilities for one in after] == [one.probabilities for one in before]
    assert sum(one.recalled for one in after) > sum(one.recalled for one in before)


def test_texts_take_no_query_where_there_are_none(graph: Graph, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A survey is read as before."""
    store(graph, dataset, make_world())
    refine(graph, dataset)
    seen: list[str] = []
    read = Graph.read

    def noting(self: Graph, query: str, /, **params: object) -> list[dict[str, Any]]:
        seen.append(query)
        return read(self, query, **params)

    monkeypatch.setattr(Graph, "read", noting)
    predict_many(open_snapshot(graph, dataset), [("u01", "q03")])
    assert "likeness" not in seen


def test_a_question_without_a_vector_recalls_no_text(graph: Graph, dataset: str) -> None:
    """There is nothing to compare."""
    asked = Question(id="q", text="More forests?", options=("no", "yes"), ordinal=(0.0, 1.0))
    people = make_world(people=2).people
    items = (
        text("u00", "t", NEAR),
        HistoryItem(id="u01/q", user="u01", text="More forests? yes", question="q", option=1),
    )
    store(graph, dataset, World((asked,), people, items), embed=False)
    refine(graph, dataset)
    store_people(graph, dataset, people, sharing=Sharing.HISTORY)
    context = recall(graph, "u00", "q", dataset=dataset, settings=RecallSettings(size=5))
    assert [item.id for item in context.items] == ["u01/q"]
