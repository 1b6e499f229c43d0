"""The real explorer, on a Neo4j of this folder's own with the Senate in it, and Debian's Chromium to use it with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.refinement.refine import refine
from persona_db.evals.splits import contested_split
from persona_db.graph import server
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ServerError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import Split, load, open_source
from persona_db.loaders.senate import SenateSource
from tests.synthetic import World, make_world, store, unsearched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

HERE = Path(__file__).parent
HEAP_MB = 512
DATASET = "senate"
HOSTILE = "hostile"
EMBEDDER = HashEmbedder()
BORROWING = EngineSettings(lift_tests=0)
"""What the JOIN is worth isn't measured, so that there are borrowed items to be seen."""
STARTED_WITHIN_SECONDS = 60

NASTY = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    '"\'><svg/onload=document.title="owned">',
    "\u202eevil\u202d \u2067mirrored\u2069",
    "'}) DETACH DELETE n //",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "javascript:document.title='owned'",
    "\x00\x07\x1b[31m\ufffe",
    "w" * 10_000,
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, which needs a real Neo4j and a browser, and have it run after all others.

    Playwright keeps an event loop running in this thread; what is asynchronous elsewhere needs one of its own.
    """
    items.sort(key=lambda item: HERE in item.path.parents)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.neo4j)
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Explorer:
    """The running explorer and what it shows."""

    address: str
    settings: Settings
    held_out: tuple[str, str, str]

    def url(self, page: str, **params: str) -> str:
        return f"{self.address}{page}?{urlencode({'dataset': DATASET, **params})}"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    cache = Settings().cache_dir
    return Settings(
        home=tmp_path_factory.mktemp("browser"), cache=cache, heap_mb=HEAP_MB, embedding_model="hash", neo4j_uri=None
    )


@pytest.fixture(scope="session")
def explorer(settings: Settings, tmp_path_factory: pytest.TempPathFactory, start_cache: None) -> Iterator[Explorer]:
    """The Senate without a tenth of its contested votes, and people with hostile names, explored."""
    try:
        server.ensure_running(settings)
    except ServerError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Neo4j could be started: {exc}")
    with Graph.connect(settings) as graph:
        source = open_source("senate", split=[Split(contested_split(SenateSource().votes(), seed=0))])
        load(graph, source, dataset=DATASET, sharing=Sharing.HISTORY, embedder=EMBEDDER)
        refine(graph, DATASET, embedder=EMBEDDER, settings=BORROWING)
        refused: list[QuarantinedRow] = []
        test = next(one for one in source.test_answers(refused.append) if one.user.startswith("COLLINS"))
        store(graph, HOSTILE, hostile_world())
        with unsearched():
            refine(graph, HOSTILE, embedder=EMBEDDER, settings=BORROWING)
    port = free_port()
    log = tmp_path_factory.mktemp("explorer") / "log.txt"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "PERSONA_DB_"))}
    environment = kept | {
        "PERSONA_DB_HOME": str(settings.home),
        "PERSONA_DB_CACHE": str(settings.cache),
        "PERSONA_DB_HEAP_MB": str(HEAP_MB),
        "PERSONA_DB_EMBEDDING_MODEL": "hash",
    }
    command = [sys.executable, "-m", "persona_db.cli.main", "explore", "--port", str(port), "--no-browser"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}/"
    try:
        _await(address, process, log)
        yield Explorer(address, settings, (test.user, test.question, str(test.option)))
    finally:
        process.terminate()
        process.wait(timeout=20)
        server.stop(settings)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def hostile_world() -> World:
    """A small world in which names, attributes and what people said try to be more than text."""
    world = make_world(people=40, questions=12)
    people = tuple(
        Person(
            id=person.id if place >= len(NASTY) else f"{NASTY[place][:400]}{place}",
            name=NASTY[place % len(NASTY)][:9_900] + person.name,
            attributes={**person.attributes, "GROUP": NASTY[place % 4][:200]},
        )
        for place, person in enumerate(world.people)
    )
    renamed = {before.id: after.id for before, after in zip(world.people, people, strict=True)}
    questions = tuple(
        one.model_copy(update={"text": f"{one.text} {NASTY[place % len(NASTY)]}"})
        for place, one in enumerate(world.questions)
    )
    said = {one.id: NASTY[place % len(NASTY)] for place, one in enumerate(world.questions)}
    items = tuple(
        item.model_copy(
            update={
                "user": renamed[item.user],
                "id": f"{renamed[item.user]}/{item.question}",
                "text": f"{item.text} {said[str(item.question)]}",
            }
        )
        for item in world.items
    )
    free = tuple(
        HistoryItem(id=f"free {place}", user=people[0].id, text=f"{text} freely") for place, text in enumerate(NASTY)
    )
    return World(questions, people, (*items, *free))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(STARTED_WITHIN_SECONDS * 5):
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{address}health", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the explorer did not start: {log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it tests are skipped, and in CI fail."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "there is no chromium; `apt-get install chromium` installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile, in which a request that would leave this machine is stopped and fails the test."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    left: list[str] = []
    made.on("request", lambda request: _note_if_leaving(request.url, left))
    yield made
    made.close()
    assert left == []


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; a script's error, a dialog or a message of the policy fails the test."""
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))

    def on_dialog(dialog: Dialog) -> None:
        faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            faults.append(message.text)

    opened.on("dialog", on_dialog)
    opened.on("console", on_console)
    yield opened
    assert faults == []


def _note_if_leaving(url: str, left: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:")):
        left.append(url)
