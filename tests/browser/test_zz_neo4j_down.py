"""When Neo4j is gone the explorer says so, and goes on when it is back; last, because it stops the folder's server."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from persona_db.graph import server

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Explorer


def test_neo4j_stops_and_comes_back(explorer: Explorer, page: Page) -> None:
    """A clear page within seconds; it loads itself again when the server runs again, on another port as it may be."""
    address = explorer.url("person", user="COLLINS (R ME)")
    page.goto(address)
    server.stop(explorer.settings)
    started = perf_counter()
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 503
    assert perf_counter() - started < 5
    text = page.locator("main").inner_text()
    assert "Neo4j doesn't answer" in text
    assert "persona-db up" in text
    server.ensure_running(explorer.settings)
    page.get_by_role("heading", name="COLLINS (R ME)").wait_for(timeout=60_000)
    assert page.url == address
