"""Who sees whom: every cell of the table in docs/privacy.md is tried with a person whose name and words are planted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from persona_db.agents import Tools
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.neighbourhoods import neighbourhood
from persona_db.chains.personas import Personas
from persona_db.chains.prediction.predict import predict
from persona_db.chains.prediction.trace import trace
from persona_db.chains.refinement.refine import refine
from persona_db.chains.results import Evidence, Prediction
from persona_db.chains.retrieval.join import join
from persona_db.chains.retrieval.recall import recall
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.chains.runnables.pipeline import Join
from persona_db.chains.runnables.retriever import PersonaRetriever
from persona_db.explorer.app import TAKES, create_app
from persona_db.explorer.connection import Connection
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError
from persona_db.graph.free_cypher import run_free
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import HistoryItem, Person, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.users import users
from tests.synthetic import answer, make_world, store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
WORLD = make_world(seed=5, people=40, questions=10)
ASKER = "u00"
QUESTION = next(one.id for one in WORLD.questions if WORLD.answer(ASKER, one.id) is None)
SECRETS = ("zyxzed", "Zyxname", "zyxhobby", "zyxlantern")
ASKED: Any = {"user": ASKER, "question": QUESTION}
ALL_BORROWED = RecallSettings(size=30, ratio=1.0)
DATASET = "test-levels"
PATHS = (
    "/", "/questions", "/question", "/people", "/suggest", "/person", "/keys", "/key", "/map.json", "/figure",
    "/table.csv", "/population", "/compare", "/ask", "/segment", "/neighbourhood", "/runs",
)  # fmt: skip


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[str]:
    """A person like the one who asks, with a name, an attribute and words of their own, counted in two Fits."""
    others = tuple(item for item in WORLD.items if item.question != QUESTION or item.option != 0)
    store(graph, DATASET, replace(WORLD, items=others))  # what they answered nobody else did
    like = [item for item in WORLD.items if item.user == ASKER]
    options = {str(item.question): int(item.option or 0) for item in like}
    zed = Person(id="zyxzed", name="Zyxname", attributes={**WORLD.people[0].attributes, "HOBBY": "zyxhobby"})
    store_people(graph, DATASET, [zed], sharing=Sharing.HISTORY)
    for id_ in list(options)[:2]:  # so that they are nobody's copy
        options[id_] = 0 if options[id_] else 1
    said = [answer("zyxzed", one, options.get(one.id, 0)) for one in WORLD.questions]
    words = HistoryItem(id="zyxzed/w", user="zyxzed", text=f"My zyxlantern. {WORLD.questions[1].text}")
    store_items(graph, DATASET, [*said, words])
    refine(graph, DATASET, embedder=HashEmbedder())
    yield DATASET
    drop_dataset(graph, DATASET)


def _recalled(graph: Graph) -> str:
    context = recall(graph, ASKER, QUESTION, dataset=DATASET, settings=ALL_BORROWED, embedder=HashEmbedder())
    made = predict(graph, ASKER, QUESTION, dataset=DATASET, settings=ALL_BORROWED)
    return context.model_dump_json() + made.model_dump_json()


def _retrieved(graph: Graph) -> str:
    retriever = PersonaRetriever(graph=graph, dataset=DATASET, user=ASKER, k=30, ratio=1.0, embedder=HashEmbedder())
    return repr(retriever.invoke(QUESTION))


def _exported(graph: Graph) -> str:
    made = neighbourhood(graph, ASKER, dataset=DATASET, for_others=True, top_k=30, most_keys=200)
    return repr(list(made.nodes(data=True)))


def _explored(graph: Graph) -> str:
    connection = Connection(graph.settings)
    connection.open()
    told = []
    try:
        client = TestClient(create_app(connection, for_others=True), base_url="http://127.0.0.1")
        for path in PATHS:
            given = {"dataset": DATASET, "question": QUESTION, "user": "u01", "q": "zy", "key": "demographic:HOBBY=x"}
            for by in ("segment", "HOBBY", "PARTY"):
                params = {name: text for name, text in {**given, "by": by}.items() if name in TAKES.get(path, given)}
                told.append(client.get(path, params=params).text)
    finally:
        connection.close()
    assert any("More " in page for page in told)
    return "".join(told)


def _told_to_agents(graph: Graph) -> str:
    """What each reading tool tells somebody else, and who shares."""
    hashed = graph.settings.model_copy(update={"embedding_model": "hash"})
    with Graph.connect(hashed) as opened:
        tools = Tools(lambda: opened, DATASET, user=ASKER).functions()
        told = [
            tools["who_is"](),
            tools["predict"](question=QUESTION),
            tools["who_shares"](k=50),
            tools["recall"](about=" ".join(WORLD.questions[1].text.split()[:3]), k=50),
            tools["recall"](about="zyxlantern", k=50),
            tools["why"](question=QUESTION),
            Personas(opened, DATASET).who_shares(ASKER, 50),
        ]
    return repr(told)


MADE: dict[str, Prediction] = {}
"""The prediction of which the trace is told: made while they shared all."""


def _traced(graph: Graph) -> str:
    found = trace(graph, MADE["prediction"], dataset=DATASET)
    return "".join(step.model_dump_json(exclude={"evidence"}) for step in found.steps)


SURFACES: dict[str, Callable[[Graph], str]] = {
    "evidence of `recall` and `predict`, and prompts": _recalled,
    "retriever": _retrieved,
    "chain `Join`": lambda graph: repr(Join(graph=graph, dataset=DATASET).invoke(ASKED)),
    "`who_shares`, and tools for agents": _told_to_agents,
    "trace of a prediction": _traced,
    "`export --for-others`": _exported,
    "`explore --for-others`": _explored,
    "`join`": lambda graph: repr(join(graph, ASKER, dataset=DATASET)),
    "`users`, and Cypher": lambda graph: (
        repr(users(graph, DATASET))
        + repr(run_free(graph, "MATCH (u:User {dataset: $d}) RETURN u.id", params={"d": DATASET}).rows)
    ),
}


def table() -> dict[tuple[str, str], str]:
    """The cells of the page, by surface and level."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    start = next(place for place, line in enumerate(lines) if line.startswith("| surface"))
    levels = [cell.strip() for cell in lines[start].strip("|").split("|")][1:]
    cells: dict[tuple[str, str], str] = {}
    for line in lines[start + 2 :]:
        surface, *told = (cell.strip() for cell in line.strip("|").split("|"))
        if len(told) != len(levels):
            break
        cells |= {(surface, level): cell for level, cell in zip(levels, told, strict=True)}
    return cells


def counted(graph: Graph) -> bool:
    """Whether the Fit's numbers count them: a key that only they hold has a holder."""
    fit = open_snapshot(graph, DATASET).fit
    query = "MATCH (k:CacheKey {dataset: $d, fit: $f, id: 'demographic:HOBBY=zyxhobby'}) RETURN k.n_holders AS n"
    rows = run_free(graph, query, params={"d": DATASET, "f": fit}).rows
    return bool(rows and rows[0][0])


def test_the_table_has_every_surface() -> None:
    """And every level."""
    cells = table()
    assert {surface for surface, _ in cells} == set(SURFACES)
    assert {level for _, level in cells} == {level.value for level in Sharing}
    assert set(cells.values()) <= {"nothing", "counted", "named"}


def test_each_cell(graph: Graph, town: str) -> None:
    """From the highest level to the lowest, lowered at once, without a new Fit; `none` counts nowhere after one."""
    made = predict(graph, ASKER, QUESTION, dataset=town, settings=ALL_BORROWED)
    theirs = Evidence(id=f"zyxzed/{QUESTION}", source="collaborator", text="theirs", weight=0.1)
    MADE["prediction"] = made.model_copy(update={"evidence": (*made.evidence, theirs)})
    cells, wrong = table(), []
    for level in reversed(Sharing):
        store_people(graph, town, [Person(id="zyxzed")], sharing=level)
        for surface, look in SURFACES.items():
            told = look(graph)
            seen = sorted(word for word in SECRETS if word in told)
            named = cells[surface, level.value] == "named"
            if (seen and not named) or (named and not seen and level is Sharing.HISTORY):  # below that they may be
                wrong.append((surface, level.value, seen))
            if level is not Sharing.HISTORY and "zyxlantern" in seen:
                wrong.append((surface, level.value, seen))
    assert wrong == [], wrong
    assert counted(graph)
    refine(graph, town, embedder=HashEmbedder())
    assert not counted(graph)
    assert not re.search("zyx", _explored(graph))
    store_people(graph, town, [Person(id=ASKER)], sharing=Sharing.KEYS)
    with pytest.raises(ConfigError, match="--for-others"):
        neighbourhood(graph, ASKER, dataset=town, for_others=True)
