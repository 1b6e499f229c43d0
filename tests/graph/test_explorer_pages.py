"""Pages of the explorer over a real graph, without a browser."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import get_args
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from persona_db.chains.persona import KeyKind
from persona_db.chains.refinement.refine import refine
from persona_db.explorer import create_app
from persona_db.explorer.app import TAKES
from persona_db.explorer.connection import Connection
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.ingest import store_people
from persona_db.graph.models import Person
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import make_world, store, unsearched

KINDS = get_args(KeyKind)


@pytest.fixture(scope="module")
def dataset(graph: Graph) -> Iterator[str]:
    """A Fit with one cache key of every kind."""
    name = f"test-{uuid4().hex[:12]}"
    graph.write("ensure_dataset", dataset=name, evaluation=False)
    graph.driver.execute_query(
        "MATCH (d:Dataset {dataset: $name}) SET d.current_fit = 'fit' WITH d UNWIND $kinds AS kind "
        "CREATE (:CacheKey {dataset: $name, fit: 'fit', id: kind + ':key', kind: kind, "
        "name: 'the ' + kind + ' key', n_holders: 1, share: 0.5, idf: 0.5})",
        name=name, kinds=list(KINDS), database_=graph.database,
    )  # fmt: skip
    yield name
    drop_dataset(graph, name)


@pytest.fixture(scope="module")
def pages(graph: Graph, neo4j_settings: Settings) -> Iterator[TestClient]:
    connection = Connection(neo4j_settings)
    yield TestClient(create_app(connection), base_url="http://127.0.0.1")
    connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_kind_can_be_filtered(pages: TestClient, dataset: str, kind: str) -> None:
    """The page of all keys links to those of the kind, and that page shows these keys alone."""
    address = f"/keys?dataset={dataset}&amp;kind={kind}"
    assert f'href="{address}"' in pages.get("/keys", params={"dataset": dataset}).text
    page = pages.get(address.replace("&amp;", "&")).text
    assert [other for other in KINDS if f"the {other} key" in page] == [kind]


def test_a_dataset_without_groups_has_no_map(pages: TestClient, dataset: str) -> None:
    """The page says what makes one, and nobody has a place."""
    assert "There is no map yet" in pages.get("/map", params={"dataset": dataset}).text
    assert pages.get("/map.json", params={"dataset": dataset}).json()["users"] == []


WORLD = make_world(people=80, questions=16)


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[str]:
    """Made-up people in groups; one has an id that a spreadsheet would calculate."""
    name = f"test-{uuid4().hex[:12]}"
    store(graph, name, WORLD)
    store_people(graph, name, [Person(id="=1+1", name="@one", attributes={"PARTY": "left"})])
    with unsearched():
        refine(graph, name, embedder=HashEmbedder())
    yield name
    drop_dataset(graph, name)


class Addresses(HTMLParser):
    """The addresses of the explorer that a page leads to: its links, and its forms as they are filled in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._form: tuple[str, list[tuple[str, str]]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("a", "canvas"):
            self.found += [given[name] for name in ("href", "data-places") if given.get(name, "").startswith("/")]
        elif tag == "form" and given.get("method", "get") == "get":
            self._form = given["action"], []
        elif tag in ("input", "select", "textarea") and self._form and "name" in given:
            self._form[1].append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            self.found.append(f"{self._form[0]}?{urlencode(self._form[1])}")
            self._form = None


def test_every_link_and_form_leads_somewhere(pages: TestClient, town: str) -> None:
    """No page leads to an address that another refuses: two of each kind are followed, from the home on."""
    waiting, seen, kinds = ["/"], set(), dict.fromkeys([*TAKES, "/table.csv"], 0)
    tables: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        table = re.search("query=([a-z_]+)", parts.query)
        new = table is not None and table[1] not in tables
        if address in seen or parts.path.startswith("/static") or (kinds[parts.path] >= 2 and not new):
            continue
        if parts.path != "/" and f"dataset={town}" not in parts.query:
            continue
        seen.add(address)
        kinds[parts.path] += 1
        tables |= {table[1]} if table else set()
        answer = pages.get(address)
        if parts.path == "/compare" and "second=&" in address + "&" and "first=&" in address + "&":
            assert answer.status_code == 200
        assert answer.status_code == 200, (address, answer.text)
        if answer.headers["content-type"].startswith("text/html"):
            waiting += Addresses(answer.text).found
    never = {path for path, count in kinds.items() if not count}
    assert never == {"/evidence.csv", "/health", "/suggest"}  # of a prediction, and of scripts
    assert len(tables) > 15


@pytest.mark.parametrize("path", [path for path in TAKES if path != "/health"])
def test_a_parameter_that_a_page_does_not_know_is_refused(pages: TestClient, town: str, path: str) -> None:
    """Named, with those that the page takes; nothing of what an address says is passed over."""
    answer = pages.get(path, params={"colr": "x", **({"dataset": town} if "dataset" in TAKES[path] else {})})
    assert answer.status_code == 400
    said = unescape(answer.text)
    assert "the address has 'colr', which this page doesn't know" in said
    assert all(name in said for name in TAKES[path])


def test_what_is_near_a_parameter_is_named(pages: TestClient, town: str) -> None:
    """A misspelt one is guessed; a table's parameters are those of its query."""
    said = unescape(pages.get("/map", params={"dataset": town, "queston": "q01"}).text)
    assert "is 'question' meant?" in said
    answer = pages.get("/table.csv", params={"dataset": town, "query": "segments", "colr": "x"})
    assert (answer.status_code, "takes no parameter 'colr'" in unescape(answer.text)) == (400, True)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/question?question=q1", "no question 'q1'"),
        ("/question?question=forests", "near it: 'q"),
        ("/question?question=q01&by=colour", "no attribute or value 'colour'"),
        ("/question?question=q01&by=Party", "near it: 'PARTY'"),
        ("/map?by=PARTI", "near it: 'PARTY'"),
        ("/map.json?by=PARTI", "no attribute 'PARTI'"),
        ("/people?segment=99", "no group '99'"),
        ("/people?attribute=PARTY%3Dmiddle", "no attribute 'PARTY=middle'"),
        ("/keys?kind=trades", "no kind of values 'trades'"),
        ("/table.csv?query=answers_by_group&question=nonsense&by=PARTY", "no question 'nonsense'"),
        ("/table.csv?query=places_of_people&attribute=colour", "no attribute 'colour'"),
        ("/table.csv?query=people_who&question=q01&option=9", "no answer to 'q01' at place '9'"),
        ("/table.csv?query=keys_of&user=nobody", "no user 'nobody'"),
        ("/table.csv?query=segments&of_fit=fit-1", "no Fit 'fit-1'"),
    ],
)
def test_a_name_that_nothing_has_is_an_error(pages: TestClient, town: str, address: str, said: str) -> None:
    """And no empty table: the page says which name, and what is near it."""
    path, _, rest = address.partition("?")
    answer = pages.get(f"{path}?dataset={town}&{rest}")
    assert answer.status_code == 404
    assert said in unescape(answer.text)


def test_no_cell_of_a_table_is_a_formula(pages: TestClient, town: str) -> None:
    """An id that begins with `=` has an apostrophe before it, and lists are joined as on the command line."""
    text = pages.get("/table.csv", params={"dataset": town, "query": "people_filtered", "limit": 1_000}).text
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["user"], row["name"]) for row in rows if "=" in row["user"]] == [("'=1+1", "'@one")]
    text = pages.get("/table.csv", params={"dataset": town, "query": "segments"}).text
    told = [row["stands_for"] for row in csv.DictReader(text.splitlines()) if row["stands_for"]]
    assert told
    assert all("; " in one and not one.startswith("[") for one in told)


def test_a_question_is_found_by_words_without_scripts(pages: TestClient, town: str) -> None:
    """What is typed into the form of a prediction is an id, or words; the best is asked, and others are offered."""
    form = pages.get("/ask", params={"dataset": town, "user": "u01"}).text
    token = re.search('name="token" value="([^"]+)"', form)
    assert token
    given = {"token": token[1], "dataset": town, "user": "u01"}
    made = pages.post("/predict", data={**given, "question": "forests"})
    assert made.status_code == 200
    text = unescape(made.text)
    found = [one for one in WORLD.questions if "forests" in one.text]
    assert len(found) == 2
    assert found[0].text in text
    assert "Found by “<bdi>forests</bdi>”." in text
    assert f"question={found[1].id}" in text
    none = pages.post("/predict", data={**given, "question": "zzz qqq"})
    assert (none.status_code, "no question 'zzz qqq'" in unescape(none.text)) == (404, True)
    assert pages.post("/predict", data={**given, "question": "q03"}).status_code == 200


def test_the_map_says_how_its_groups_are_drawn(pages: TestClient, town: str) -> None:
    """Groups are numbered by their colour and shape; people in between have a mark of their own, as those left out."""
    told = pages.get("/map.json", params={"dataset": town}).json()
    groups = [mark for mark in told["marks"] if isinstance(mark, int)]
    assert groups == list(range(len(groups)))
    assert [mark for mark in told["marks"] if not isinstance(mark, int)] in (["between"], ["between", "left out"])
    by_answer = pages.get("/map.json", params={"dataset": town, "question": "q01"}).json()
    assert by_answer["marks"] == list(range(len(by_answer["groups"])))
    assert by_answer["nobody"] == "No answer"
    page = pages.get("/map", params={"dataset": town, "question": "q01"}).text
    assert page.index("Colours and shapes are answers") < page.index('id="h-groups"')
