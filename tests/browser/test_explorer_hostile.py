"""Whatever is written in names, statements and keys is shown as text, and other sites' pages can do nothing here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest

from persona_db.chains.export import export_neighbourhood
from persona_db.chains.neighbourhoods import neighbourhood, widget
from persona_db.graph.session import Graph
from persona_db.graph.users import users

from .conftest import HOSTILE, NASTY

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Explorer


def test_pages_show_it_as_text(explorer: Explorer, page: Page) -> None:
    """Every page of everybody with a hostile name: no script of theirs runs, and no element of theirs is there."""
    with Graph.connect(explorer.settings) as graph:
        people = [one.id for one in users(graph, HOSTILE, limit=len(NASTY) + 30)]
        keys = [
            row["key"]
            for row in graph.read("popular_keys", dataset=HOSTILE, kind=None, weighted=False, skip=0, limit=30)
        ]
        asked = [row["id"] for row in graph.read("questions_of", dataset=HOSTILE) if row["options"]]
    nasty = [one for one in people if not re.fullmatch(r"u\d+", one)]
    assert len(nasty) == len(NASTY)
    addresses = [
        *(("population", {}), ("people", {}), ("keys", {}), ("runs", {})),
        *(("people", {"q": text[:300]}) for text in NASTY),
        *((name, {"user": user}) for name in ("person", "neighbourhood", "ask", "erase") for user in nasty),
        *(("compare", {"first": user, "second": people[-1]}) for user in nasty),
        *(("key", {"key": key}) for key in keys),
        *((name, {}) for name in ("questions", "map")),
        *(("question", {"question": one}) for one in asked),
        *(("person", {"user": text[:300]}) for text in NASTY),
    ]
    for name, params in addresses:
        page.goto(f"{explorer.address}{name}?{urlencode({'dataset': HOSTILE, **params})}")
        assert "owned" not in page.title().removesuffix("· persona-db").split("<")[0].strip().split(" ")[:1]
        assert (
            page.evaluate(
                "document.querySelectorAll('main script, main img, main svg:not(.figure, .stack), main iframe').length"
            )
            == 0
        )
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, str(params)[:60])


def test_a_prediction_shows_it_as_text(explorer: Explorer, page: Page) -> None:
    """Question, options, evidence and the words of the explanation, of a hostile question asked and of a new one."""
    with Graph.connect(explorer.settings) as graph:
        people = [one.id for one in users(graph, HOSTILE, limit=len(NASTY) + 30)]
    user = next(one for one in people if one.startswith("<script>"))
    for question, text in (("q00", ""), ("q01", ""), ("", NASTY[1])):
        page.goto(f"{explorer.address}ask?{urlencode({'dataset': HOSTILE, 'user': user, 'question': question})}")
        if text:
            page.get_by_label("Question", exact=True).fill(text)
            page.get_by_label("Options, one a line, in order").fill("\n".join((NASTY[0], NASTY[3], NASTY[6])))
        page.get_by_role("button", name="Predict").click()
        page.locator(".answer").wait_for()
        for summary in page.locator("main summary").all():
            summary.click()
        assert "owned" not in page.title().split(" ")[:1]
        assert (
            page.evaluate(
                "document.querySelectorAll('main script, main img, main svg:not(.figure, .stack), main iframe').length"
            )
            == 0
        )
        assert (text or "<") in page.locator("main").inner_text()


def test_what_is_proposed_is_text(explorer: Explorer, page: Page) -> None:
    """While one types, too."""
    page.goto(f"{explorer.address}people?{urlencode({'dataset': HOSTILE})}")
    page.get_by_label("Find a person").fill("script")
    page.get_by_role("option").first.wait_for()
    assert page.locator(".options script, .options img").count() == 0
    assert "<script>" in page.locator(".options").inner_text()


def test_exports_show_it_as_text(explorer: Explorer, page: Page, tmp_path: Path) -> None:
    """The picture of everybody with a hostile name; graph files are well formed, and say the same."""
    import json

    import networkx as nx

    with Graph.connect(explorer.settings) as graph:
        nasty = [one.id for one in users(graph, HOSTILE) if not re.fullmatch(r"u\d+", one.id)]
        for number, user in enumerate(nasty):
            made = neighbourhood(graph, user, dataset=HOSTILE)
            if number < 4:
                file = tmp_path / f"{number}.html"
                export_neighbourhood(made, file)
                page.goto(file.as_uri())
                assert page.locator("svg").count() == 1
                assert page.title() != "owned"
                assert page.locator("img[src=x]").count() == 0
                for kind in ("svg", "pdf", "png"):
                    file = tmp_path / f"{number}.{kind}"
                    export_neighbourhood(made, file)
                    first = file.read_bytes()
                    export_neighbourhood(made, file)
                    assert file.read_bytes() == first
                page.goto((tmp_path / f"{number}.svg").as_uri())
                assert page.evaluate("document.querySelectorAll('script, image, foreignObject, [onload]').length") == 0
            for ending, read in (("graphml", nx.read_graphml), ("gexf", nx.read_gexf)):
                file = tmp_path / f"{number}.{ending}"
                export_neighbourhood(made, file)
                again = read(file)
                assert (len(again), again.number_of_edges()) == (len(made), made.number_of_edges())
            file = tmp_path / f"{number}.json"
            export_neighbourhood(made, file)
            again = nx.node_link_graph(json.loads(file.read_text(encoding="utf-8")), name="node", edges="edges")
            assert {node: again.nodes[node] for node in again} == {node: made.nodes[node] for node in made}
        assert widget(made) is not None


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "a@127.0.0.1", ""])
def test_other_hosts_are_refused(explorer: Explorer, host: str) -> None:
    """A name that leads to this machine by a trick of DNS is not ours."""
    answer = httpx.get(explorer.address, headers={"host": host})
    assert answer.status_code == 400
    assert "persona-db explore" in answer.text


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["predict", "erase"])
def test_other_sites_are_refused(explorer: Explorer, path: str, headers: dict[str, str]) -> None:
    """Their forms do nothing, whatever they send."""
    assert httpx.post(explorer.address + path, headers=headers, data={"token": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["predict", "erase"])
def test_a_form_needs_the_token(explorer: Explorer, path: str) -> None:
    """Without it, or with another, nothing is done; nothing else is writable."""
    given = {"dataset": "senate", "user": "COLLINS (R ME)", "again": "COLLINS (R ME)"}
    for token in ({}, {"token": ""}, {"token": "guess"}, {"token": "ü"}):
        assert httpx.post(explorer.address + path, data=given | token).status_code == 403
    assert httpx.get(explorer.url("person", user="COLLINS (R ME)")).status_code == 200
    for page in ("", "person", "neighbourhood", "health"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert httpx.request(method, explorer.address + page).status_code == 405


def test_headers(explorer: Explorer) -> None:
    """Every answer has the policy that lets nothing be loaded from elsewhere, and no page is kept or framed."""
    for path in ("", "static/explorer.css", "no/such/page", "health"):
        headers = httpx.get(explorer.address + path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
    assert httpx.get(explorer.address).headers["cache-control"] == "no-store"


def test_files_beside_the_assets_are_not_served(explorer: Explorer) -> None:
    """No way out of the folder."""
    for path in ("static/../app.py", "static/..%2fapp.py", "static/%2e%2e/app.py"):
        assert httpx.get(explorer.address + path).status_code == 404
