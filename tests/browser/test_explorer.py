"""What a person does in the explorer, with a real browser on the Senate's votes."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Explorer

COLLINS = "COLLINS (R ME)"
SNOWE = "SNOWE (R ME)"


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def test_find_a_senator_by_typing(explorer: Explorer, page: Page) -> None:
    """From the list of datasets, by keyboard alone: `/`, some letters, arrow, Enter."""
    page.goto(explorer.address)
    page.get_by_role("link", name="senate", exact=True).click()
    page.get_by_role("combobox", name="Find a person").wait_for()  # the page's script has run by then
    page.keyboard.press("/")
    page.keyboard.type("colli")
    page.get_by_role("option", name=COLLINS).wait_for()
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("option", name=COLLINS).get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url("**/person?**")
    assert heading(page) == COLLINS


def test_by_keyboard_alone(explorer: Explorer, page: Page) -> None:
    """The first Tab offers the way past the header; whatever takes the focus shows it; links of the content follow."""
    page.goto(explorer.url("neighbourhood", user=COLLINS))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'; })()"
        )
        assert shown, page.evaluate("document.activeElement.outerHTML")[:200]
        if page.evaluate("document.activeElement.matches('ol.list a')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(person|key|neighbourhood)\?"))


def test_search_without_a_script_is_a_page(explorer: Explorer, page: Page) -> None:
    """Enter before anything is proposed goes to the results; nonsense says that nobody is found."""
    page.goto(explorer.url("people", q="snowe"))
    page.locator("main").get_by_role("link", name=SNOWE).click()
    assert heading(page) == SNOWE
    page.goto(explorer.url("people", q="nobody at all"))
    assert "Nobody is found" in page.locator("main").inner_text()


def test_walk_to_a_collaborator_by_a_shared_key(explorer: Explorer, page: Page) -> None:
    """Neighbourhood, a value in it, one who holds it, their neighbourhood."""
    page.goto(explorer.url("person", user=COLLINS))
    page.get_by_role("link", name="Who shares their values").click()
    assert page.locator("ol.list > li").count() == 12
    page.locator("ol.list > li ul a").first.click()
    assert "Who holds it" in page.locator("main").inner_text()
    other = page.locator("ol.list > li").filter(has_not_text=COLLINS).first
    other.get_by_role("link", name="neighbourhood").click()
    page.wait_for_url("**/neighbourhood?**")
    assert COLLINS not in heading(page)


def test_the_figure_can_be_walked_in_and_kept(explorer: Explorer, page: Page) -> None:
    """A click on a person of the figure goes to their neighbourhood, on a value to its holders; its file is an SVG."""
    for label, place in ((SNOWE, "**/neighbourhood?**SNOWE**"), ("Party: Republican", "**/key?**")):
        page.goto(explorer.url("neighbourhood", user=COLLINS))
        page.locator("svg.figure:visible a", has_text=label).click()
        page.wait_for_url(place)
    page.goto(explorer.url("neighbourhood", user=COLLINS))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="SVG").click()
    kept = waiting.value.path().read_text(encoding="utf-8")
    assert ElementTree.fromstring(kept).tag.endswith("svg")
    assert SNOWE in kept


def test_from_the_map_to_a_question_and_its_people(explorer: Explorer, page: Page) -> None:
    """A dot a person, and a click leads there; a question leads to those who oppose it and what else they say."""
    page.goto(explorer.url("map"))
    page.wait_for_selector("canvas[data-drawn='102'][data-painted]")
    assert page.locator("#legend button").count() >= 4
    page.locator("#legend button").first.click()
    assert page.locator("#legend button").first.get_attribute("aria-pressed") == "true"
    page.locator("#legend button").first.click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    for step in range(1, 40):
        page.mouse.move(box["x"] + box["width"] * step / 40, box["y"] + box["height"] / 2)
        if page.locator("#pointed").inner_text():
            page.mouse.down()
            page.mouse.up()
            break
    page.wait_for_url("**/person?**")
    page.goto(explorer.url("questions", q="minimum wage"))
    page.locator("ul.list a").first.click()
    page.locator("section", has=page.locator("#h-answers")).get_by_role("link", name="Nay").click()
    assert "What else they say who answer" in page.locator("main").inner_text()
    page.locator("section", has=page.locator("#h-people")).locator("ol a").first.click()
    page.get_by_role("link", name="Who shares their values").click()
    assert page.locator("svg.figure:visible").count() == 1


def test_a_table_as_csv(explorer: Explorer, page: Page) -> None:
    """What is downloaded has the rows that the page shows."""
    page.goto(explorer.url("segment", segment="1"))
    section = page.locator("section", has=page.locator("#h-stands"))
    shown = section.locator("tbody tr td:first-child").all_inner_texts()
    with page.expect_download() as waiting:
        section.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8").splitlines()))
    assert [row["says"] for row in rows] == shown
    assert shown


def test_every_list_is_a_file(explorer: Explorer, page: Page) -> None:
    """Each page with a table or a list links to it as CSV, which has a head, and rows where there is something."""
    user, question, _ = explorer.held_out
    page.goto(explorer.url("ask", user=user))
    page.get_by_label("Its id, or words to find it by").fill(question)
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/ask?**made=**")
    predicted = page.url
    page.goto(explorer.url("person", user=COLLINS))
    of_a_fact = explorer.address + (page.locator("a[href^='/fact']").first.get_attribute("href") or "").lstrip("/")
    page.goto(explorer.url("keys"))
    of_a_key = explorer.address + (page.locator("a[href^='/key?']").first.get_attribute("href") or "").lstrip("/")
    for address in (
        predicted,
        of_a_fact,
        of_a_key,
        explorer.url("person", user=COLLINS),
        explorer.url("neighbourhood", user=COLLINS),
        explorer.url("compare", first=COLLINS, second=SNOWE),
        explorer.url("question", question=question),
        explorer.url("segment", segment="1"),
        *(explorer.url(name) for name in ("population", "runs", "people", "keys", "questions", "map")),
    ):
        page.goto(address)
        links = [link.get_attribute("href") or "" for link in page.locator("a.csv").all()]
        assert links, address
        for link in links:
            answer = page.request.get(explorer.address + link.lstrip("/"))
            assert answer.headers["content-type"].startswith("text/csv"), link
            head, *rows = csv.reader(answer.text().splitlines())
            assert len(head) > 1, link
            assert rows or "quarantined" in link or "ledger" in link, link


def test_a_person_in_five_lines(explorer: Explorer, page: Page) -> None:
    """Five lines say who they are; the rest is folded, opens by a click or Enter, and each part is a file too."""
    page.goto(explorer.url("person", user=COLLINS))
    five = page.locator("ol.five > li")
    assert five.count() == 5
    assert "Party: Republican" in five.first.inner_text()
    assert page.locator("details.fold[open]").count() == 0
    assert not page.locator("#h-keys ~ table, .fold table").first.is_visible()
    page.locator("#h-keys").click()
    shown = page.locator("section", has=page.locator("#h-keys")).locator("tbody tr").count()
    with page.expect_download() as waiting:
        page.locator("section", has=page.locator("#h-keys")).get_by_role("link", name="CSV").click()
    assert len(list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8").splitlines()))) == shown > 0


def test_open_a_fact_to_the_votes_it_rests_on(explorer: Explorer, page: Page) -> None:
    """On the person's page at once, and on the fact's page."""
    page.goto(explorer.url("person", user=COLLINS))
    induced = page.locator("section", has=page.get_by_role("heading", name=re.compile("^Induced")))
    induced.locator("summary").first.click()
    induced.locator("li summary").first.click()
    assert "Voted " in induced.locator("li details[open] li").first.inner_text()
    induced.locator("li > a").first.click()
    page.wait_for_url("**/fact?**")
    said = page.locator("ul.said li")
    assert said.count() >= 1
    assert "Voted " in said.first.inner_text()


def test_predict_a_held_out_vote_and_follow_the_evidence(explorer: Explorer, page: Page) -> None:
    """Distribution, both sides, and from a borrowed piece to the person it is of; the address keeps it."""
    user, question, _ = explorer.held_out
    page.goto(explorer.url("person", user=user))
    page.get_by_role("link", name="Ask them a question").click()
    page.get_by_label("Its id, or words to find it by").fill(question)
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/ask?**made=**")
    assert "Most likely: " in page.locator(".answer").inner_text()
    shares = [int(text.removesuffix(" %")) for text in page.locator("td.number").all_inner_texts()]
    assert sum(shares) in (99, 100, 101)
    assert page.locator("#h-own ~ ol li, #h-borrowed ~ ol li").count() > 3
    address = page.url
    page.goto(address)
    assert page.locator(".answer").count() == 1
    own = page.locator("section", has=page.locator("#h-own"))
    assert re.search(r"^(For|Against) ", own.inner_text(), re.MULTILINE)
    for way in own.get_by_role("link", name="the fact").all()[:1]:
        way.click()
        assert "Rests on" in page.locator("main").inner_text()
    page.goto(address)
    borrowed = page.locator("section", has=page.locator("#h-borrowed"))
    borrowed.locator(".path a").first.click()
    assert page.url.startswith((explorer.address + "person", explorer.address + "key"))
    page.goto(re.sub("made=[^&]+", "made=gone", address))
    assert "not kept any more" in page.locator("main").inner_text()
    assert page.get_by_label("Its id, or words to find it by").input_value() == question


def test_a_new_question(explorer: Explorer, page: Page) -> None:
    """With its options; without them it says what is missing, and of what nobody was asked that it is a guess."""
    page.goto(explorer.url("ask", user=COLLINS))
    page.get_by_label("Question", exact=True).fill("Shall the tax on estates be repealed?")
    page.get_by_role("button", name="Predict").click()
    assert "two or more options" in page.locator("main").inner_text()
    page.go_back()
    page.get_by_label("Question", exact=True).fill(
        "On the Amendment S.Amdt. 999 (S. 256): To amend the Fair Labor Standards Act of 1938 to provide for an "
        "increase in the Federal minimum wage"
    )
    page.get_by_label("Options, one a line, in order").fill("Nay\nYea")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/ask?**made=**")
    assert page.locator(".answer").inner_text().startswith("Most likely: ")
    assert page.locator(".why").first.inner_text().startswith("A guess: nobody was asked this. Nearest: ")
    page.get_by_label("Question", exact=True).fill("Is pineapple on pizza a good idea?")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/ask?**pineapple**made=**")
    assert page.locator(".answer").inner_text().startswith("Cannot tell: ")


def test_compare_two_senators(explorer: Explorer, page: Page) -> None:
    """What both hold, and what one of them holds."""
    page.goto(explorer.url("compare"))
    page.get_by_label("One person (id)").fill("coll")
    page.get_by_role("option", name=COLLINS).click()
    page.get_by_label("The other (id)").fill(SNOWE)
    page.get_by_role("button", name="Compare").click()
    main = page.locator("main")
    assert "They share" in main.inner_text()
    assert "Only the first holds" in main.inner_text()
    assert main.get_by_role("link", name=SNOWE).count() == 1


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("population", {}),
        ("people", {}),
        ("keys", {"kind": "trait"}),
        ("runs", {}),
        ("person", {"user": COLLINS, "history": "all"}),
        ("neighbourhood", {"user": COLLINS, "top_k": "20"}),
        ("compare", {"first": COLLINS, "second": SNOWE}),
        ("ask", {"user": COLLINS}),
    ],
)
def test_deep_links_reload(explorer: Explorer, page: Page, name: str, params: dict[str, str]) -> None:
    """The address alone makes the page, and makes it again."""
    page.goto(explorer.url(name, **params))
    before = page.locator("main").inner_text()
    page.reload()
    assert page.locator("main").inner_text() == before
    assert heading(page)


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("person?dataset=senate&user=nobody", 404, "no user 'nobody'"),
        ("person?dataset=nowhere&user=x", 404, "no dataset 'nowhere'"),
        ("population?dataset=nowhere", 404, "no dataset 'nowhere'"),
        ("key?dataset=senate&key=none", 404, "no such value"),
        ("fact?dataset=senate&fact=none", 404, "no such fact"),
        ("person", 400, "lacks dataset"),
        ("key?dataset=senate&key=none&skip=x", 400, "not a number"),
        ("no/such/page", 404, "Not Found"),
    ],
)
def test_error_pages(explorer: Explorer, page: Page, address: str, status: int, said: str) -> None:
    """Say what is wrong, with a way on."""
    answer = page.goto(explorer.address + address)
    assert answer is not None
    assert answer.status == status
    assert said in page.locator("main").inner_text()
    assert page.get_by_role("link", name="All datasets").count() == 1


def test_narrow_screens(explorer: Explorer, page: Page) -> None:
    """Nothing is wider than the screen of a telephone."""
    page.set_viewport_size({"width": 360, "height": 740})
    for name, params in (
        ("population", {}),
        ("person", {"user": COLLINS}),
        ("compare", {"first": COLLINS, "second": SNOWE}),
        ("neighbourhood", {"user": COLLINS}),
        ("map", {}),
        ("segment", {"segment": "1"}),
        ("people", {}),
        ("question", {"question": "s109-1-0003"}),
        ("keys", {}),
        ("runs", {}),
    ):
        page.goto(explorer.url(name, **params))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_the_figure_on_a_telephone(explorer: Explorer, page: Page) -> None:
    """The narrow figure is shown instead of the wide one, within the screen, in letters of ten pixels or more."""
    page.goto(explorer.url("neighbourhood", user=COLLINS))
    wide = page.locator(".figure-box:not(.narrow) svg")
    narrow = page.locator(".figure-box.narrow svg")
    assert (wide.is_visible(), narrow.is_visible()) == (True, False)
    page.set_viewport_size({"width": 390, "height": 844})
    assert (wide.is_visible(), narrow.is_visible()) == (False, True)
    box = narrow.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["width"] / 360 * 12 >= 10
    labels = page.locator(".figure-box.narrow .label").all_text_contents()
    assert not any("…" in one for one in labels)
    page.locator(".figure-box.narrow a", has_text="SNOWE").click()
    page.wait_for_url("**/neighbourhood?**SNOWE**")


def test_the_map_and_its_legend_in_sight(explorer: Explorer, page: Page) -> None:
    """On a desktop the legend is beside the map, in sight; on a telephone the map fills the width, the legend below."""
    page.goto(explorer.url("map", question="s109-1-0003"))
    page.wait_for_selector("canvas[data-painted]")
    assert "Colours and shapes are answers" in page.locator("#legend-title").inner_text()
    map_, legend = page.locator("#map").bounding_box(), page.locator("#legend").bounding_box()
    assert map_ is not None
    assert legend is not None
    assert legend["x"] >= map_["x"] + map_["width"]
    assert legend["y"] + legend["height"] <= 900
    page.set_viewport_size({"width": 390, "height": 844})
    map_, legend = page.locator("#map").bounding_box(), page.locator("#legend").bounding_box()
    assert map_ is not None
    assert legend is not None
    assert (round(map_["x"]), round(map_["width"])) == (0, 390)
    assert map_["height"] > 400
    assert legend["y"] >= map_["y"] + map_["height"]


def test_numbers_say_what_they_are_on_a_telephone(explorer: Explorer, page: Page) -> None:
    """Where a table is a list of rows without its head, each number has the name of its column before it."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(explorer.url("segment", segment="1"))
    cell = page.locator("section", has=page.locator("#h-stands")).locator("td.number").last
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"asked "'


def test_an_unknown_parameter_is_told(explorer: Explorer, page: Page) -> None:
    """The page names it, those that there are, and leads on."""
    answer = page.goto(explorer.url("map", colr="x"))
    assert answer is not None
    assert answer.status == 400
    assert "'colr'" in page.locator("[role=alert]").inner_text()
    assert page.get_by_role("link", name="All datasets").count() == 1


def test_erase_asks_twice(explorer: Explorer, page: Page) -> None:
    """Another id than the person's erases nothing; the right one shows a receipt, they are gone and not counted."""
    user = "BYRD (D WV)"
    people = page.get_by_role("row", name=re.compile("^User "))
    page.goto(explorer.url("runs"))
    before = people.inner_text().split()
    page.goto(explorer.url("person", user=user))
    page.get_by_role("link", name="Erase").click()
    page.get_by_label("Their id once more").fill("BYRD")
    page.get_by_role("button", name="Erase").click()
    assert "nothing was erased" in page.locator("main").inner_text()
    page.goto(explorer.url("erase", user=user))
    page.get_by_label("Their id once more").fill(user)
    page.get_by_role("button", name="Erase").click()
    assert "nothing of them is left" in page.locator("main").inner_text()
    answer = page.goto(explorer.url("person", user=user))
    assert answer is not None
    assert answer.status == 404
    page.goto(explorer.url("runs"))
    assert people.inner_text().split() == ["User", str(int(before[1]) - 1)]
