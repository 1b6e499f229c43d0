"""axe-core finds no serious fault of accessibility, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
    "questions": ("questions", {}),
    "question": ("question", {"question": "s109-1-0003"}),
    "segment": ("segment", {"segment": "1"}),
    "map": ("map", {}),
    "map of answers": ("map", {"question": "s109-1-0003"}),
    "unknown parameter": ("map", {"colr": "x"}),
    "key": ("key", {"key": "demographic:PARTY=Republican"}),
    "ask": ("ask", {"user": "COLLINS (R ME)"}),
    "erase": ("erase", {"user": "COLLINS (R ME)"}),
    "runs": ("runs", {}),
    "error": ("person", {"user": "nobody"}),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault(explorer: Explorer, browser: Browser, name: str, scheme: Literal["light", "dark"]) -> None:
    """Nothing of impact serious or critical."""
    path, params = PAGES[name]
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is put into the page
    page = context.new_page()
    page.goto(explorer.url(path, **params) if path else explorer.address)
    if name.startswith("map"):
        page.wait_for_selector("canvas[data-painted]")
    found = serious_faults(page)
    context.close()
    assert found == []


@pytest.mark.parametrize("name", ["population", "neighbourhood", "map", "map of answers", "question", "segment"])
def test_no_serious_fault_on_a_telephone(explorer: Explorer, browser: Browser, name: str) -> None:
    """The same on a narrow screen, where the narrow figure is shown and the legend stands below the map."""
    path, params = PAGES[name]
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.goto(explorer.url(path, **params))
    if name.startswith("map"):
        page.wait_for_selector("canvas[data-painted]")
    found = serious_faults(page)
    context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_where_clicks_lead(
    explorer: Explorer, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    """A fact with what it rests on, what is proposed while one types, and a prediction with its evidence opened."""
    user, question, _ = explorer.held_out
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(explorer.url("person", user=user))
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.locator("a[href^='/fact?']").first.click()
    page.get_by_role("heading", name="Rests on").first.wait_for()
    found = serious_faults(page)
    page.get_by_label("Find a person").fill("coll")
    page.get_by_role("option").first.wait_for()
    found += serious_faults(page)
    page.goto(explorer.url("ask", user=user, question=question))
    page.get_by_role("button", name="Predict").click()
    page.locator(".answer").wait_for()
    for detail in page.locator("summary").all()[:1]:
        detail.click()
    found += serious_faults(page)
    context.close()
    assert found == []


def serious_faults(page: Page) -> list[tuple[str, str]]:
    """Return the rules of axe that the page breaks seriously or critically, with the first place of each."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
