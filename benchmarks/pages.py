"""How long the explorer's pages take to be made, on the survey and on made-up people: `python -m benchmarks.pages`.

The pages are asked for over HTTP on this machine, one after another, each for other people, values and words every
time, so that nothing is answered from what was asked before. The table is `benchmarks/pages.md`.
"""

from __future__ import annotations

import argparse
import gc
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode

import httpx
import numpy as np

from benchmarks.answers import NAMES, MadeUpSurvey
from benchmarks.machine import describe
from benchmarks.people import synthetic
from benchmarks.run import Tell, _data
from benchmarks.storing import FIT, store
from benchmarks.timing import Latency, timed
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.refinement.refine import refine
from persona_db.graph import server
from persona_db.graph.datasets import ensure_dataset
from persona_db.graph.embedding import embedder_of
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.loaders import Source, load, open_source

LIMIT_MS = 300.0
"""What the 95th percentile of every page has to stay below."""
MAP_LIMIT_MS = 2_000.0
"""The same of everybody's places, and of the map in a browser until it answers to the pointer."""
WARM_UP = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every page; return 1 when one of them is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000, help="made-up people (100,000; 0: none)")
    parser.add_argument("--calls", type=int, default=60, help="calls a page (60)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pages.md"), help="the table's file")
    parser.add_argument("--dataset", help="measure this dataset, which is there and refined, and make none")
    given = parser.parse_args(arguments)
    tell = Tell()
    lines = []
    too_slow = []
    with tempfile.TemporaryDirectory(prefix="persona-db-pages-") as scratch:
        settings = Settings()
        if not given.dataset:
            settings = Settings(home=Path(scratch), cache=settings.cache_dir, neo4j_uri=None)
        server.ensure_running(settings)
        try:
            with Graph.connect(settings) as graph:
                sets = {given.dataset: given.dataset} if given.dataset else {}
                if given.users and not given.dataset:
                    sets[f"values made up, {given.users:,} people"] = _made_up(graph, given.users, tell)
                    survey = MadeUpSurvey(given.users)
                    sets[f"answers made up, {given.users:,} people"] = _refined(graph, "answers", survey, tell)
                data = None if given.dataset else _data()
                if data is not None:
                    source = open_source("opinionqa", [data], split=[data / "split.csv.gz"])
                    sets["GSS 2016"] = _refined(graph, "gss", source, tell)
                with _served(settings) as address:
                    for title, dataset in sets.items():
                        measured = chain(
                            _pages(graph, address, dataset, given.calls), _map_in_browser(graph, address, dataset)
                        )
                        for page, latency in measured:
                            if latency.p95_ms > (MAP_LIMIT_MS if page.startswith(("map.json", "map in")) else LIMIT_MS):
                                too_slow.append(f"{title}, {page}")
                            numbers = f"{latency.calls} | {latency.median_ms:.0f} | {latency.p95_ms:.0f}"
                            lines.append(f"| {title} | {page} | {numbers} |")
                            print(lines[-1], flush=True)
        finally:
            if not given.dataset:
                server.stop(settings)
    command = " ".join(["python -m benchmarks.pages", *(arguments if arguments is not None else sys.argv[1:])])
    head = (
        "# Pages of the explorer\n\n"
        f"Milliseconds from request to answer over HTTP on one machine, {datetime.now(UTC):%Y-%m-%d}: {_machine()}.\n"
        f"Made by `{command}`; every page has to stay below {LIMIT_MS:.0f} ms at the 95th percentile, "
        f"everybody's places (`map.json`) and the map in a browser below {MAP_LIMIT_MS:,.0f}.\n\n"
        "| dataset | page | calls | median | p95 |\n|---|---|---|---|---|\n"
    )
    given.out.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {given.out}; too slow: {'; '.join(too_slow) or 'none'}")
    return 1 if too_slow else 0


def _machine() -> str:
    found = describe()
    return f"{found.processor}, {found.cores} cores, {found.memory_gb} GB, {found.system}"


def _made_up(graph: Graph, count: int, tell: Tell) -> str:
    dataset = "values"
    ensure_dataset(graph, dataset)
    store(graph, dataset, synthetic(count), vectors=False, progress=tell)
    # What a refinement would write about them, and names to search for; the benchmark's own, not the product's.
    graph.driver.execute_query(
        "MATCH (d:Dataset {dataset: $dataset}) SET d.current_fit = $fit "
        "MERGE (f:Fit {dataset: $dataset, id: $fit}) "
        "SET f.status = 'ready', f.through = '', f.kept = false, f.seed = 0, f.settings = $settings, "
        "f.created_at = toString(datetime())",
        dataset=dataset, fit=FIT, settings=FittedSettings().model_dump_json(), database_=graph.database,
    )  # fmt: skip
    with graph.driver.session(database=graph.database) as session:
        session.run(
            "MATCH (u:User {dataset: $dataset}) WHERE u.id > '' "
            "CALL (u) { SET u.name = $names[toInteger(right(u.id, 1))] + ' ' + u.id } IN TRANSACTIONS OF 5000 ROWS",
            dataset=dataset, names=list(NAMES),
        ).consume()  # fmt: skip
    graph.await_indexes()
    return dataset


def _refined(graph: Graph, dataset: str, source: Source, tell: Tell) -> str:
    """Load and refine, as the commands do."""
    embedder = embedder_of(graph.settings)
    load(graph, source, dataset=dataset, sharing=Sharing.HISTORY, embedder=embedder, progress=tell)
    refine(graph, dataset, embedder=embedder, progress=tell)
    return dataset


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    """The explorer in a thread of its own, as `persona-db explore` serves it."""
    import uvicorn

    from persona_db.explorer.app import create_app
    from persona_db.explorer.connection import Connection

    connection = Connection(settings)
    connection.open()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    serving = uvicorn.Server(uvicorn.Config(create_app(connection), log_level="warning", access_log=False))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
    thread.start()
    while not serving.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        serving.should_exit = True
        thread.join()
        listening.close()
        connection.close()
        gc.unfreeze()


def _pages(graph: Graph, address: str, dataset: str, calls: int) -> Iterator[tuple[str, Latency]]:
    rng = np.random.default_rng(0)
    rows = graph.driver.execute_query(
        "MATCH (u:User {dataset: $dataset})-[:HOLDS]->() WHERE u.id > '' RETURN DISTINCT u.id AS id ORDER BY id",
        dataset=dataset, database_=graph.database,
    ).records  # fmt: skip
    people = [str(rows[place]["id"]) for place in rng.permutation(len(rows))[: 2 * (calls + WARM_UP) + 1]]
    keys = [
        row["key"]
        for row in graph.read("popular_keys", dataset=dataset, kind=None, weighted=False, skip=0, limit=4_000)
    ]
    keys = [*keys[:10], *(keys[place] for place in rng.permutation(len(keys)))]
    facts = [
        record["id"]
        for record in graph.driver.execute_query(
            "MATCH (f:Fact {dataset: $dataset}) WHERE f.fit > '' AND f.id > '' RETURN f.id AS id LIMIT 5000",
            dataset=dataset, database_=graph.database,
        ).records
    ]  # fmt: skip
    questions = [row["id"] for row in graph.read("questions_of", dataset=dataset) if row["options"]]
    segments = [row["segment"] for row in graph.read("segments", dataset=dataset, of_fit=None)]
    forms: Mapping[str, Callable[[int], Mapping[str, str] | None]] = {
        "": lambda _: {},
        "population": lambda _: {},
        "runs": lambda _: {},
        "people": lambda n: {"after": people[n]},
        "people?q": lambda n: {"q": people[n][: 3 + n % 4]},
        "people?segment": lambda n: {"segment": segments[n % len(segments)]} if segments else None,
        "suggest": lambda n: {"q": (people[n] if n % 2 else NAMES[n % 10])[: 2 + n % 4]},
        "person": lambda n: {"user": people[n]},
        "fact": lambda n: {"fact": facts[(n * 37) % len(facts)]} if facts else None,
        "keys": lambda n: {"skip": str(50 * (n % 5))},
        "key": lambda n: {"key": keys[n % len(keys)]},
        "neighbourhood": lambda n: {"user": people[n]},
        "questions": lambda n: {"skip": str(50 * (n % 5))},
        "question": lambda n: {"question": questions[n % len(questions)]} if questions else None,
        "segment": lambda n: {"segment": segments[n % len(segments)]} if segments else None,
        "map": lambda _: {},
        "map.json": lambda _: {},
        "compare": lambda n: {"first": people[n], "second": people[n + 1]},
        "ask": lambda n: {"user": people[n]},
    }
    numbers = [str(number) for number in range(calls + WARM_UP)]
    with httpx.Client(base_url=address, timeout=60) as client:
        for page, params in forms.items():
            if params(0) is None:
                continue

            def call(number: str, page: str = page, params: Callable[[int], Mapping[str, str] | None] = params) -> int:
                asked = {**({"dataset": dataset} if page else {}), **(params(int(number)) or {})}  # home is of all
                answer = client.get(f"{page.partition('?')[0]}?{urlencode(asked)}")
                answer.raise_for_status()
                return answer.status_code

            yield page or "home", timed(call, numbers[WARM_UP:], warm_up=numbers[:WARM_UP])[0]
        if not questions:
            return
        token = re.search(r'name="token" value="([^"]+)"', client.get(f"ask?{_query(dataset, people[0])}").text)

        def predict(number: str, *, new: bool = False) -> int:
            """Send the form, and open the page with the distribution that the answer leads to."""
            asked = {"question": questions[int(number) % len(questions)]}
            if new:
                asked = {"text": f"Should town {number} have a second library?", "options": "no\nunsure\nyes"}
            form = {"token": token[1] if token else "", "dataset": dataset, "user": people[int(number)], **asked}
            answer = client.get(client.post("predict", data=form).headers["location"])
            answer.raise_for_status()
            if "Most likely: " not in answer.text and not (new and "Cannot tell: " in answer.text):
                raise RuntimeError(f"the page shows no prediction for {people[int(number)]}")
            return answer.status_code

        for page, call_it in (("predict", predict), ("predict, a new question", partial(predict, new=True))):
            yield page, timed(call_it, numbers[WARM_UP:], warm_up=numbers[:WARM_UP])[0]


def _map_in_browser(graph: Graph, address: str, dataset: str) -> Iterator[tuple[str, Latency]]:
    """Open the map in Chromium, where it is there: until a dot under the pointer is named, and a turn of the wheel."""
    chromium = shutil.which("chromium")
    if chromium is None or not graph.read("segments", dataset=dataset, of_fit=None):
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})

        def until_it_answers(_: str) -> None:
            page.goto(f"{address}map?{urlencode({'dataset': dataset})}")
            page.wait_for_selector("#map[data-painted]")
            box = page.locator("#map").bounding_box() or {"x": 0.0, "y": 0.0, "width": 0.0, "height": 0.0}
            for part in np.linspace(0.5, 0.9, 100):
                page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
                if page.evaluate("document.getElementById('pointed').textContent"):
                    return
            raise RuntimeError("nobody is named under the pointer")

        def turn(_: str) -> None:
            page.evaluate(
                "() => new Promise((done) => {"
                " const turned = { deltaY: -40, clientX: 500, clientY: 400, bubbles: true };"
                " document.getElementById('map').dispatchEvent(new WheelEvent('wheel', turned));"
                " requestAnimationFrame(() => requestAnimationFrame(done)); })"
            )

        yield "map in Chromium, until it answers", timed(until_it_answers, [*map(str, range(7))], warm_up=["0"])[0]
        yield "map in Chromium, a turn of the wheel", timed(turn, [*map(str, range(20))], warm_up=["0"])[0]
        browser.close()


def _query(dataset: str, user: str) -> str:
    return urlencode({"dataset": dataset, "user": user})


if __name__ == "__main__":
    sys.exit(main())
