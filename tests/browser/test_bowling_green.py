"""Bowling Green's conversation in the explorer: from the home to a question, its people, and a figure to keep."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from persona_db.chains.figure import NARROW, figure_of
from persona_db.chains.figure_svg import write_svg
from persona_db.chains.neighbourhoods import neighbourhood
from persona_db.chains.refinement.refine import refine
from persona_db.graph.explore import explore
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.graph.users import users
from persona_db.loaders import load, open_source
from tests.figure_boxes import boxes, overlaps
from tests.synthetic import unsearched

from .conftest import BORROWING, EMBEDDER

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .conftest import Explorer

TOWN = "bowling-green"
FEW = BORROWING.model_copy(update={"facts_distilled": 3, "supports": 1, "most_traits": 4})
"""Few facts a person, which take long to write for so many people; the pages here show none."""
PEOPLE = 2_031
"""Who took part; a Fit leaves some out whose answers are copies or noise, and they are on no page about others."""


@pytest.fixture(scope="module")
def town(explorer: Explorer) -> Explorer:
    """The bundled conversation of 2,031 people; the search for the best settings is left out, which takes long."""
    with Graph.connect(explorer.settings) as graph, unsearched():
        load(graph, open_source("polis", []), dataset=TOWN, sharing=Sharing.HISTORY, embedder=EMBEDDER)
        refine(graph, TOWN, embedder=EMBEDDER, settings=FEW)
    return explorer


def rows_of(page: Page, link: Locator) -> list[dict[str, str]]:
    """Download what a link offers, and return the rows of the CSV."""
    with page.expect_download() as waiting:
        link.click()
    return list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8").splitlines()))


def section(page: Page, name: str) -> Locator:
    return page.locator("section", has=page.locator(f"#h-{name}"))


def test_from_the_home_to_a_figure(town: Explorer, page: Page) -> None:
    """To a question, those who oppose it, what else they hold, one of them, their neighbourhood, and its file."""
    page.goto(town.address)
    page.get_by_role("link", name=TOWN, exact=True).click()
    page.get_by_role("link", name="questions", exact=True).first.click()
    page.goto(town.url("questions", dataset=TOWN, q="fairness ordinance protect rights citizens"))
    page.locator("main ul.list a").first.click()
    section(page, "answers").get_by_role("link", name="disagree", exact=True).click()
    assert "What else they say who answer “disagree”" in page.locator("main").inner_text()
    assert section(page, "also").locator("tbody tr").count() > 3
    section(page, "people").locator("ol a").first.click()
    assert page.locator("ol.five > li").count() == 5
    page.get_by_role("link", name="Who shares their values").click()
    assert page.locator("svg.figure:visible").count() == 1
    with page.expect_download() as waiting:
        page.get_by_role("link", name="SVG").click()
    assert ElementTree.fromstring(waiting.value.path().read_text(encoding="utf-8")).tag.endswith("svg")


def test_the_map_has_everybody(town: Explorer, page: Page) -> None:
    """A dot for each of 2,031 people; those whom the Fit leaves out are a group of their own."""
    with Graph.connect(town.settings) as graph:
        left_out = len(explore(graph, "left_out", dataset=TOWN, limit=PEOPLE))
    assert left_out < 0.05 * PEOPLE
    page.goto(town.url("map", dataset=TOWN))
    page.wait_for_selector(f"canvas[data-drawn='{PEOPLE}'][data-painted]")
    assert page.locator("#legend button").last.inner_text().endswith(f"({left_out})")
    page.locator("#legend button").first.click()
    assert page.locator("#legend button").first.get_attribute("aria-pressed") == "true"


def test_the_map_is_coloured_by_a_question(town: Explorer, page: Page) -> None:
    """Found by words in it; where none is found the page says so, and shows the groups."""
    page.goto(town.url("map", dataset=TOWN, question="fairness ordinance protect rights citizens"))
    page.wait_for_selector(f"canvas[data-drawn='{PEOPLE}'][data-painted]")
    assert page.locator("#legend button").first.inner_text().startswith("disagree (")
    assert "Coloured by the answers to" in page.locator("main").inner_text()
    page.goto(town.url("map", dataset=TOWN, question="zzzqqq"))
    assert "No question is found by “zzzqqq”" in page.locator("[role=status]").inner_text()
    page.wait_for_selector(f"canvas[data-drawn='{PEOPLE}'][data-painted]")


def test_tables_are_files(town: Explorer, page: Page) -> None:
    """Of a question: answers, groups, what goes with an answer, and people; the files have what the page shows."""
    page.goto(town.url("questions", dataset=TOWN, q="fairness ordinance protect rights citizens"))
    page.locator("main ul.list a").first.click()
    answers = section(page, "answers")
    answers.get_by_role("link", name="CSV").wait_for()  # texts of many elements are read without waiting
    shown = [[cell.strip() for cell in answers.locator(f"tbody td:nth-child({at})").all_inner_texts()] for at in (1, 3)]
    rows = rows_of(page, answers.get_by_role("link", name="CSV"))
    assert [[row["option"] for row in rows], [row["people"] for row in rows]] == shown
    groups = section(page, "groups")
    shown = [[cell.strip() for cell in groups.locator(f"tbody td:nth-child({at})").all_inner_texts()] for at in (1, 4)]
    rows = rows_of(page, groups.get_by_role("link", name="CSV"))
    counted = {row["name"]: row["asked"] for row in rows}
    assert {name.removesuffix("…"): n for name, n in zip(*shown, strict=True)} == counted
    also = section(page, "also")
    rows = rows_of(page, also.get_by_role("link", name="CSV"))
    assert [row["name"][:40] for row in rows] == [text[:40] for text in also.locator("tbody td a").all_inner_texts()]
    people = section(page, "people")
    shown_people = set(people.locator("ol a").all_inner_texts())
    rows = rows_of(page, people.get_by_role("link", name="CSV"))
    assert shown_people <= {row["name"] or row["user"] for row in rows}


def test_people_by_group(town: Explorer, page: Page) -> None:
    """A filter by group shows as many as the group has, and its file has all of them."""
    page.goto(town.url("people", dataset=TOWN))
    page.get_by_label("Group").select_option("1")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**segment=1**")
    shown = page.locator("main ul.list > li > a").all_inner_texts()
    rows = rows_of(page, page.get_by_role("link", name="CSV"))
    assert [row["name"] or row["user"] for row in rows[: len(shown)]] == shown
    assert {row["segment"] for row in rows} == {"1"}
    page.goto(town.url("population", dataset=TOWN))
    told = section(page, "segments").locator("tbody tr").first.locator("td.number").inner_text()
    assert len(rows) == int(told)


def test_no_labels_overlap(town: Explorer, page: Page) -> None:
    """Of 50 people drawn at random with 20 collaborators each: statements of up to 140 characters, set in lines."""
    with Graph.connect(town.settings) as graph:
        drawn = random.Random(0).sample([one.id for one in users(graph, TOWN)], 50)
        for user in drawn:
            made = neighbourhood(graph, user, dataset=TOWN, top_k=20)
            for width in (1_000, NARROW):
                figure = figure_of(made, width=width)
                assert overlaps(boxes(page, write_svg(figure)), width) == [], user
                cut = [one.whole for one in figure.labels if one.lines[-1][-1:] == "…" != one.whole[-1:]]
                assert cut == [], user
