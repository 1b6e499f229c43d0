"""Fixed data through all of the product: what is loaded and refined, who is asked what, and what comes of it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sameness import hashed, rows, stored
from persona_db import chains, loaders
from persona_db.graph import (
    Graph,
    HistoryItem,
    Person,
    Question,
    Sharing,
    embed_missing,
    embedder_of,
    store_items,
    store_people,
    store_questions,
)
from tests.language_server import ANSWER_FAULTS, LanguageServer

__all__ = ["PARTS", "SURVEY", "gss", "language", "senate", "town"]

TOWN = Path(__file__).resolve().parents[1] / "docs" / "example" / "town.jsonl"
SURVEY = Path("gss/human_resp/GSS_Panel_2016")
SCRIPTED, PORT = "openai:scripted", 47_113  # the address of a model is part of what its answers are cached by
NEW, NEW_OPTIONS = "Should the town plant trees along the river?", ("no", "unsure", "yes")
BEFORE, NOW = "2025-06-01", "2026-03-01"
SCALE = ("very negative", "negative", "slightly negative", "neutral", "slightly positive", "positive", "very positive")
POST = Question(id="post", text="The bakery has closed for good.", options=SCALE, ordinal=tuple(range(7)), kind="post")
_RUNS = """
MATCH (r:Run {dataset: $d}) RETURN r.stage AS stage, r.model AS model, r.prompt AS prompt, count(*) AS runs,
       sum(r.calls) AS calls, sum(r.cached) AS cached, sum(r.tokens_in) AS tokens_in, sum(r.tokens_out) AS tokens_out,
       round(sum(r.cost_usd), 9) AS cost ORDER BY stage, model, prompt
"""


def town(graph: Graph) -> dict[str, Any]:
    """Every cell in three ways to recall, then as it was at a date, then with people folded in."""
    name, (people, questions) = "town", _load(graph, "town", loaders.open_source("jsonl", [TOWN]))
    report = chains.refine(graph, name)
    reading = chains.open_reading(graph, name)
    cells = [(user, question) for user in people for question in questions]
    half, newest = chains.RecallSettings(size=12, ratio=0.5), chains.RecallSettings(order="newest")
    made = {
        kind: _by_cell(chains.predict_many(reading, cells, settings=how, explain=True))
        for kind, how in (("default", None), ("half", half), ("newest", newest))
    }
    made["one"] = _by_cell(chains.predict(graph, *cell, dataset=name) for cell in cells[::24])
    made["new"] = _by_cell(chains.predict(graph, u, NEW, dataset=name, options=NEW_OPTIONS) for u in people[::4])
    asks = [chains.Ask(user=user, question=question) for user, question in cells[7::48]]
    made["chain"] = _by_cell(chains.persona_chain(graph, name).batch(asks))
    numbers: dict[str, Any] = {
        "refine": _report(report),
        "predictions": made,
        "join": _joins(graph, name, people),
        "join exact": _joins(graph, name, people, exact=True),
        "join question": _joins(graph, name, people[::4], question="wind"),
        "recall": [chains.recall(graph, *cell, dataset=name).model_dump(mode="json") for cell in cells[5::48]],
        "neighbourhood": {user: _picture(graph, name, user) for user in people[::10]},
    }
    states = {"current": stored(graph, name)}
    dated = chains.refine(graph, name, as_of=BEFORE)
    then = chains.open_reading(graph, name, as_of=BEFORE)
    numbers["dated"] = [_report(dated), _by_cell(chains.predict_many(then, cells[::5], explain=True))]
    _say_more(graph, name)
    folded = chains.refine(graph, name)
    told = chains.predict_many(chains.open_reading(graph, name), [("newcomer", one) for one in questions], explain=True)
    numbers["folded"] = [_report(folded), _by_cell(told), _joins(graph, name, ["newcomer", "ada"])]
    states["folded"] = stored(graph, name)
    return {"fits": {"current": report.fit, "dated": dated.fit}, "numbers": numbers, "graph": states}


def senate(graph: Graph) -> dict[str, Any]:
    """300 cells drawn at random, whether they were voted on or not."""
    people, questions = _load(graph, "senate", loaders.open_source("senate", []))
    report = chains.refine(graph, "senate")
    drawn = np.random.default_rng(0).permutation(len(people) * len(questions))[:300].tolist()
    cells = [(people[place % len(people)], questions[place // len(people)]) for place in drawn]
    made = chains.predict_many(chains.open_reading(graph, "senate"), cells, explain=True)
    numbers = {
        "refine": _report(report), "predictions": _by_cell(made), "join": _joins(graph, "senate", people[::5][:20])
    }  # fmt: skip
    return {"fits": {"current": report.fit}, "numbers": numbers, "graph": stored(graph, "senate")}


class _FirstPeople(loaders.Source):
    """The source with the records of some people only."""

    def __init__(self, inner: loaders.Source, people: Iterable[str]) -> None:
        self.name, self.counts = inner.name, inner.counts
        self._inner, self._people = inner, frozenset(people)

    def read(self, quarantine: Any) -> Iterator[loaders.Record]:
        """Yield all questions, and their people with what they said."""
        for record in self._inner.read(quarantine):
            who = record.id if isinstance(record, Person) else getattr(record, "user", None)
            if who is None or who in self._people:
                yield record
        self.counts = self._inner.counts

    def test_answers(self, quarantine: Any) -> Iterator[loaders.HeldOut]:
        """Return what is held out of them."""
        return (one for one in self._inner.test_answers(quarantine) if one.user in self._people)


def gss(graph: Graph, folder: Path) -> dict[str, Any]:
    """The first 200 people of whom the split has a history, and what it holds out of them."""
    split = loaders.read_split(folder / "split.csv.gz")
    first = list(dict.fromkeys(user for user, _, part in split.marks() if part == "history"))[:200]
    source = _FirstPeople(loaders.open_source("opinionqa", [folder], split=[split]), first)
    _load(graph, "gss", source)
    report = chains.refine(graph, "gss", embedder=embedder_of(graph.settings))
    cells = [(one.user, one.question) for one in loaders.test_answers(source)][:2_000]
    made = chains.predict_many(chains.open_reading(graph, "gss"), cells)
    single = [chains.predict(graph, *cell, dataset="gss") for cell in cells[:: len(cells) // 20][:20]]
    numbers = {"refine": _report(report), "predictions": _by_cell(made), "one": _by_cell(single)}
    return {"fits": {"current": report.fit}, "numbers": numbers, "graph": stored(graph, "gss")}


def language(graph: Graph, folder: Path) -> dict[str, Any]:
    """The town twice with one cache, so that nothing is asked the second time; then what has to be repaired."""
    prices, cache = folder / "prices.json", folder / "calls.sqlite3"
    prices.write_text(json.dumps({SCRIPTED: {"tokens_in": 1.0, "tokens_out": 2.0}}), encoding="utf-8")
    with LanguageServer(port=PORT) as served:
        os.environ |= {"OPENAI_BASE_URL": served.base_url, "OPENAI_API_KEY": "none", "PERSONA_DB_PRICES": str(prices)}
        first = _asked(graph, "language", cache)
        requests = sorted(hashed(call.asked.body) for call in served.calls)
        again = _asked(graph, "language-again", cache)
        repeated = len(served.calls) - len(requests)
        served.fail(ANSWER_FAULTS["JSON cut in the middle"], times=1)
        other = chains.open_model(SCRIPTED, settings=chains.ModelSettings(seed=1), cache=cache)
        repaired = chains.predict(graph, "ada", "wind", dataset="language", model=other)
        requests += sorted(hashed(call.asked.body) for call in served.calls[len(requests) + repeated :])
    with sqlite3.connect(cache) as file:
        kept = file.execute(
            "SELECT lower(hex(key)), model, prompt, json_extract(message, '$.content'), counted_in, tokens_in, "
            "tokens_out, repair, in_vain, recorded FROM answer"
        ).fetchall()
    below = [path for place in chains.__path__ for path in Path(place).rglob("prompts/*.md")]
    return {
        "fits": {"current": first["refine"]["fit"], "again": again["refine"]["fit"]},
        "numbers": {"first": first, "again": again, "repaired": repaired.model_dump(mode="json")},
        "graph": {"first": stored(graph, "language"), "again": stored(graph, "language-again")},
        "calls": {
            "prompts": {path.name: sha256(path.read_bytes()).hexdigest() for path in below},
            "requests": requests,
            "asked the second time": repeated,
            "cache": {key: rest for key, *rest in kept},
            "runs": {name: rows(graph, _RUNS, name) for name in ("language", "language-again")},
        },
    }


def _asked(graph: Graph, name: str, cache: Path) -> dict[str, Any]:
    people, questions = _load(graph, name, loaders.open_source("jsonl", [TOWN]))
    store_questions(graph, name, [POST])
    model = chains.open_model(SCRIPTED, settings=chains.ModelSettings(concurrency=4), cache=cache)
    dry = chains.refine(graph, name, model=model, dry_run=True)
    report = chains.refine(graph, name, model=model)
    reading = chains.open_reading(graph, name)
    cells = [(user, question) for user in people[::2] for question in questions[::3]]
    made = {"default": _by_cell(chains.predict_many(reading, cells, model=model))}
    # One at a time: of two prompts that are the same, and asked at once, either both are asked or one is cached.
    model = chains.open_model(SCRIPTED, settings=chains.ModelSettings(concurrency=1), cache=cache)
    made["post"] = _by_cell(chains.predict_many(reading, [(user, POST.id) for user in people[::4]], model=model))
    made["tight"] = _by_cell(chains.predict_many(reading, cells[:20], model=model, token_budget=120))
    made["new"] = _by_cell(
        chains.predict(graph, u, NEW, dataset=name, options=NEW_OPTIONS, model=model) for u in people[:4]
    )
    for method in ("function_calling", "json_mode"):
        how = chains.ModelSettings.model_validate({"method": method, "concurrency": 1})
        other = chains.open_model(SCRIPTED, settings=how, cache=cache)
        made[method] = _by_cell(chains.predict_many(reading, cells[:8], model=other))
    explain: Any = chains.Join(graph=graph, dataset=name) | chains.Recall(graph=graph, dataset=name)
    explain = explain | chains.Explain(graph=graph, dataset=name, model=model)
    asks = [chains.Ask(user=user, question=question) for user, question in cells[:4]]
    numbers = {
        "dry": _report(dry), "refine": _report(report), "predictions": made,
        "explain": [{"explanation": explain.invoke(ask)} for ask in asks], "join": _joins(graph, name, people),
    }  # fmt: skip
    _say_more(graph, name)
    return numbers | {"folded": [_report(chains.refine(graph, name, model=model)), _joins(graph, name, ["newcomer"])]}


def _load(graph: Graph, name: str, source: loaders.Source) -> tuple[list[str], list[str]]:
    """Load a source; return the ids of its people and questions, in their order."""
    loaders.load(graph, source, dataset=name, sharing=Sharing.HISTORY)
    records = list(source.read(lambda _: None))
    people = [one.id for one in records if isinstance(one, Person)]
    return list(dict.fromkeys(people)), [one.id for one in records if isinstance(one, Question)]


def _say_more(graph: Graph, name: str) -> None:
    """Let somebody new come to the town, and somebody who is there say more: they are folded into the Fit."""
    store_people(
        graph, name, [Person(id="newcomer", name="Nora", attributes={"AGE": "18-39"})], sharing=Sharing.HISTORY
    )
    said = [
        HistoryItem(id=f"newcomer/{question}", user="newcomer", text=text, question=question, option=option, at=NOW)
        for question, option, text in (("cars", 2, "No cars, please"), ("wind", 2, "For wind"), ("fees", 0, "No fees"))
    ]
    said += [
        HistoryItem(id=f"{user}/more", user=user, text="The river needs more trees.", at=NOW)
        for user in ("ada", "newcomer")
    ]
    store_items(graph, name, said)
    embed_missing(graph, name, embedder_of(graph.settings))


def _by_cell(made: Iterable[Any]) -> dict[str, Any]:
    """Return predictions by user and question; their class has no public home."""
    return {f"{one.user} {one.question}": one.model_dump(mode="json") for one in made}


def _report(report: chains.RefineReport) -> dict[str, Any]:
    return report.model_dump(mode="json", exclude={"seconds"})


def _joins(graph: Graph, name: str, people: Iterable[str], **how: Any) -> dict[str, Any]:
    found = {user: chains.join(graph, user, dataset=name, top_k=10, **how) for user in people}
    return {user: {one.user: one.model_dump(mode="json") for one in others} for user, others in found.items()}


def _picture(graph: Graph, name: str, user: str) -> str:
    made = chains.neighbourhood(graph, user, dataset=name)
    edges = sorted((*sorted(ends), sorted(of.items())) for *ends, of in made.edges(data=True))
    return hashed([sorted((node, sorted(of.items())) for node, of in made.nodes(data=True)), edges])


PARTS: Mapping[str, Callable[[Graph, Path, Path], dict[str, Any]]] = {
    "town": lambda graph, _data, _scratch: town(graph),
    "senate": lambda graph, _data, _scratch: senate(graph),
    "gss": lambda graph, data, _scratch: gss(graph, data / SURVEY),
    "language": lambda graph, _data, scratch: language(graph, scratch),
}
"""What makes each part, of a graph, the folder of data sets and a folder for what is not kept."""
