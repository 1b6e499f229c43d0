"""Neo4j Browser, as the embedded server brings it: what docs/browser/ has for it works there, and nothing leaves."""

from __future__ import annotations

import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persona_db.graph import server
from persona_db.graph.catalog import catalog
from persona_db.graph.explore import explore, explore_queries
from persona_db.graph.session import Graph

from .conftest import DATASET, HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

    from .conftest import Explorer

FAVOURITES = Path(__file__).resolve().parents[2] / "docs" / "browser"
DROP = """([name, data]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(data), one => one.charCodeAt(0))], name));
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    document.querySelector('.filedrop').dispatchEvent(
      new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
  }
}"""
EDITOR_HAS = """words => {
  const text = document.querySelector('.monaco-editor .view-lines').textContent.replace(/\\s/g, ' ').trim();
  return words ? text.includes('// ' + words) : text === '';
}"""
QUERIES = ("who_shares_values", "popular_keys", "holders_of", "persona_changes", "find_keys", "fact_rests_on")
"""Those whose parameters are lists, null, numbers, dates, words and ids; the server plans all in another test."""
DRAWN = [name for name, query in catalog().items() if query.area == "draw"]
HOSTILE_TITLE = "1. Hostile <img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def neo4j_browser(explorer: Explorer, browser: Browser) -> Iterator[Page]:
    """The Browser's page, logged in; a request that leaves this machine fails the test, unless its policy stops it."""
    found = server.ensure_running(explorer.settings)
    context = browser.new_context(viewport={"width": 1300, "height": 950})
    asked: list[str] = []
    stopped: list[str] = []
    faults: list[str] = []
    context.on("request", lambda request: asked.append(request.url))

    def on_failed(request: Request) -> None:
        if request.failure == "csp":
            stopped.append(request.url)

    def on_dialog(dialog: Dialog) -> None:
        faults.append(dialog.message)
        dialog.dismiss()

    context.on("requestfailed", on_failed)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("dialog", on_dialog)
    page.goto(found.browser_url)
    page.get_by_test_id("username").fill(found.username)
    page.get_by_test_id("password").fill(found.password.get_secret_value())
    page.get_by_test_id("connect").click()
    page.get_by_text(":play start").wait_for()  # what it shows once it is connected
    yield page
    title = page.title()
    context.close()
    assert {url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))} <= set(stopped)
    assert (faults, "owned" in title) == ([], False)


def test_favourites_and_style(explorer: Explorer, neo4j_browser: Page) -> None:
    """Dropped on the window, all are there; queries run unedited with the parameters, and show what they found."""
    page = neo4j_browser
    drop(page, "persona-db.grass", (FAVOURITES / "persona-db.grass").read_bytes())
    page.get_by_test_id("frame").first.get_by_text("node.CacheKey").wait_for()
    with Graph.connect(explorer.settings) as graph:
        fit = explore(graph, "fits_of", dataset=DATASET)[0]["fit"]
        fact = explore(graph, "facts_of", dataset=DATASET, user="COLLINS (R ME)")[0]
    texts = {file.name: file.read_text(encoding="utf-8") for file in FAVOURITES.glob("*.cypher")}
    texts["parameters.cypher"] = (
        texts["parameters.cypher"]
        .replace("senate-demo", DATASET)
        .replace("the id of a fact, from facts_of", fact["id"])
        .replace("the id of a Fit, from fits_of", fit)
        .replace(':param key => "demographic:PARTY=Republican"', f':param key => "{fact["key"]}"')
    )
    drop(page, "favourites.zip", zipped(texts))
    open_favourites(page)
    run_favourite(page, texts["parameters.cypher"])
    page.get_by_test_id("multi-statement-list").get_by_text(":param words").wait_for()
    page.get_by_test_id("multi-statement-list-icon").last.and_(page.get_by_title("Status: success")).wait_for()
    assert page.get_by_test_id(re.compile("^scriptTitle-")).count() == len(explore_queries()) + len(DRAWN) + 1
    for name in QUERIES:
        run_favourite(page, texts[f"{name}.cypher"])
        page.get_by_test_id("frameStatusbar").first.get_by_text(re.compile(r"Started streaming \d+ record")).wait_for()
        page.get_by_test_id("frame").first.locator("button").last.click()
    for name in ("draw_neighbourhood", "draw_groups", "draw_goes_with"):
        run_favourite(page, texts[f"{name}.cypher"])
        frame = page.get_by_test_id("frame").first
        frame.locator("svg .node").nth(2).wait_for()
        captions = frame.locator("svg .node").evaluate_all("all => all.map(one => one.textContent.trim())")
        assert all(captions), name
        frame.locator("button").last.click()


def test_hostile_text(neo4j_browser: Page) -> None:
    """In a favourite's title, in a picture of nodes, and in a table, it is text."""
    page = neo4j_browser
    query = (
        f"// {HOSTILE_TITLE}\nMATCH (u:User {{dataset: '{HOSTILE}'}})-[h:HOLDS]->(k) WHERE NOT u.id =~ 'u[0-9]+' "
        "RETURN u, h, k LIMIT 60"
    )
    drop(page, "favourites.zip", zipped({"hostile.cypher": query}))
    open_favourites(page)
    run_favourite(page, query)
    frame = page.get_by_test_id("frame").first
    frame.locator("svg .node").first.wait_for()
    frame.get_by_test_id("cypherFrameSidebarTable").click()
    frame.get_by_text("<script>").first.wait_for()
    assert page.locator("img[src=x], [onload], [onerror]").count() == 0


def drop(page: Page, name: str, data: bytes) -> None:
    """Drop a file on the Browser's window."""
    page.evaluate(DROP, [name, b64encode(data).decode()])


def zipped(texts: dict[str, str]) -> bytes:
    """Return the favourites as `python -m zipfile -c favourites.zip docs/browser` packs them, with their folder."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.mkdir("browser")
        for name, text in texts.items():
            archive.writestr(f"browser/{name}", text)
    return made.getvalue()


def open_favourites(page: Page) -> None:
    """Open the drawer of favourites, and our folder in it."""
    page.get_by_test_id("navigationFavorites").click()
    page.get_by_test_id("expandFolder-browser").click()


def run_favourite(page: Page, text: str) -> None:
    """Put a favourite into the editor by its title, and run it: the editor, full and then empty, tells that it did."""
    title = text.splitlines()[0].removeprefix("// ")
    page.get_by_test_id(f"scriptTitle-{title}").click()
    page.wait_for_function(EDITOR_HAS, arg=title[:30])
    page.get_by_test_id("editor-Run").click()
    page.wait_for_function(EDITOR_HAS, arg="")
