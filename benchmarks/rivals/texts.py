"""The texts: what citizens of Bowling Green think, as sentences about invented people, with facts planted among them.

Nobody's sentences are another's, since each begins with a name: no system can store one for many.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rivals.planted import PLANTED
from benchmarks.rivals.task import Answer, Item, Probe, Question, Task

__all__ = ["ITEMS_EACH", "MESSAGE", "PLANTED_EACH", "make_task"]

ITEMS_EACH = 100
"""Things said by each person."""
PLANTED_EACH = 10
"""Of these, planted facts; each is asked for once."""

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FIRST = "Ada Ben Cleo Dan Edith Finn Greta Hugo Ines Jonas Kira Liam Mona Nils Olga Paul Quinn Rosa Sven Tara"
LAST = "Abel Brook Castle Dorn Eastman Fisher Grove Hart Ivers Jansen Keller Lund Marsh North Odell Pike Reed Stone"
MESSAGE = "I sold the quillwort in May."
"""What the scripted language model makes a fact of in other words."""
OPINIONS_OF_PROBE = 20
OTHERS_OF_PROBE = 60


def make_task(items: int, questions: int, *, seed: int = 0) -> Task:
    """Return about *items* items, whole people of 100 items each, and at most *questions* questions about them."""
    rng = np.random.default_rng(seed)
    names = [f"{first} {last}" for last, first in product(LAST.split(), FIRST.split())]
    count = max(1, items // ITEMS_EACH)
    if count > len(names) - 3:
        raise SystemExit(f"there are names for {(len(names) - 3) * ITEMS_EACH:,} items at most")
    stances = _stances()
    answers = _answers(least=ITEMS_EACH - PLANTED_EACH)
    said: list[Item] = []
    asked: list[Question] = []
    for name, row in zip(names[:count], rng.permutation(len(answers))[:count], strict=True):
        facts = [PLANTED[place] for place in rng.permutation(len(PLANTED))[:PLANTED_EACH]]
        chosen = rng.permutation(sorted(answers[row].items()))[: ITEMS_EACH - PLANTED_EACH]
        texts = [fact.format(name=name) for fact, _ in facts]
        asked += [
            Question(_id(name), question.format(name=name), text)
            for (_, question), text in zip(facts, texts, strict=True)
        ]
        texts += [_opinion(name, stances[str(one)][str(option)]) for one, option in chosen]
        said += [Item(_id(name), texts[place]) for place in rng.permutation(len(texts))]
    order = rng.permutation(len(asked))[:questions]
    return Task(tuple(said), tuple(asked[place] for place in order), _probe(names[-3:], answers, stances))


def _id(name: str) -> str:
    """Return an id that every system takes: mem0 and Graphiti refuse blanks."""
    return name.lower().replace(" ", "_")


def _opinion(name: str, stance: str) -> str:
    return f"{name} says: {stance}."


def _stances() -> dict[str, dict[str, str]]:
    """Return what to agree and to disagree stand for, by the statement's id; opinions only."""
    found: dict[str, dict[str, str]] = {}
    with (SAMPLES / "bowling_green_labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "opinion":
                found.setdefault(row["question"], {})[row["option"]] = row["stance"]
    return {statement: options for statement, options in found.items() if {"agree", "disagree"} <= options.keys()}


def _answers(*, least: int) -> Sequence[Mapping[str, str]]:
    """Return the opinions of every participant who gave *least* of them: which option by the statement's id."""
    told = _conversation()
    options = {"a": "agree", "d": "disagree"}
    stances = _stances()
    ids = [f"c{statement[0]}" for statement in told["statements"]]
    people = [
        {one: options[vote] for one, vote in zip(ids, votes, strict=True) if vote in options and one in stances}
        for votes in told["votes"]
    ]
    return [given for given in people if len(given) >= least]


def _statements() -> dict[str, str]:
    return {f"c{statement[0]}": statement[-1] for statement in _conversation()["statements"]}


@cache
def _conversation() -> dict[str, Any]:
    with gzip.open(SAMPLES / "bowling_green.json.gz", "rt", encoding="utf-8") as file:
        told: dict[str, Any] = json.load(file)
    return told


def _probe(
    names: Sequence[str], answers: Sequence[Mapping[str, str]], stances: Mapping[str, Mapping[str, str]]
) -> Probe:
    """Return three people of 20 opinions each: what two of them think, the third thinks the contrary of.

    Sixty more answered some of the same questions, as they did in Bowling Green; two and one of three learn nothing.
    """
    asked, alike, stranger = names
    model, *rest = answers
    chosen = list(model)[:OPINIONS_OF_PROBE]
    texts = _statements()
    items: list[Item] = []
    given: list[Answer] = []
    for one in chosen:
        agrees = model[one] == "agree"
        for name, same in ((asked, True), (alike, True), (stranger, False)):
            items.append(Item(_id(name), _opinion(name, stances[one]["agree" if agrees is same else "disagree"])))
            given.append(Answer(_id(name), texts[one], agrees is same))
    for place, other in enumerate(rest[:OTHERS_OF_PROBE]):
        given += [Answer(f"citizen_{place}", texts[one], other[one] == "agree") for one in chosen if one in other]
    by_alike = f"{alike} grows a rare aquatic plant, a quillwort."
    by_stranger = f"{stranger} has a strange water plant at home, a quillwort."
    items += [Item(_id(alike), by_alike), Item(_id(stranger), by_stranger)]
    return Probe(
        asked=_id(asked),
        alike=_id(alike),
        stranger=_id(stranger),
        items=tuple(items),
        answers=tuple(given),
        message=MESSAGE,
        question="a strange water plant at home",
        said_by_alike=by_alike,
        said_by_stranger=by_stranger,
    )
