"""axe-core finds no serious fault of accessibility, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from .conftest import Explorer

PAGES = {
    "home": ("", {}),
    "population": ("population", {}),
    "people": ("people", {}),
    "nobody": ("people", {"q": "nobody at all"}),
    "person": ("person", {"user": "COLLINS (R ME)"}),
    "neighbourhood": ("neighbourhood", {"user": "COLLINS (R ME)"}),
    "compare": ("compare", {"first": "COLLINS (R ME)", "second": "SNOWE (R ME)"}),
    "keys": ("keys", {}),
    "key": ("key", {"key": "demographic:PARTY=R"}),
    "ask": ("ask", {"user": "COLLINS (R ME)"}),
    "erase": ("erase", {"user": "COLLINS (R ME)"}),
    "runs": ("runs", {}),
    "error": ("person", {"user": "nobody"}),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault(explorer: Explorer, browser: Browser, name: str, scheme: Literal["light", "dark"]) -> None:
    """Nothing of impact serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    path, params = PAGES[name]
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is put into the page
    page = context.new_page()
    page.goto(explorer.url(path, **params) if path else explorer.address)
    if name == "neighbourhood":
        page.wait_for_selector("#picture[data-drawn]")
    found = Axe().run(page).response["violations"]
    context.close()
    serious = [
        (fault["id"], fault["nodes"][0]["html"][:200]) for fault in found if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []
