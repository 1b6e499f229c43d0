"""Asking, removing one person, refitting and asking again tells nobody what that person had answered.

The attacker sees all that a recall and a prediction return, of every key, before and after. Each guess is made of how
what is shown of an option changed; who sees nothing change has the base rate to guess by.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.refinement.refine import refine
from persona_db.chains.retrieval.recall import recall
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.erase import erase_user
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, make_world, rows, store

TRIES = int(os.environ.get("DIFFERENCING_TRIES", "4"))
"""Victims; two hundred by hand."""
WORLD = make_world(seed=8, people=60, questions=8, traits=1, answered=0.95)
SHOWN = """
MATCH (d:Dataset {dataset: $dataset})
MATCH (k:CacheKey {dataset: $dataset, fit: d.current_fit})-[s:SUMMARISES]->(q:Question)
RETURN k.id AS key, q.id AS question, s.shown AS shown
"""


def seen(graph: Graph, dataset: str, asker: str) -> dict[tuple[str, str], tuple[object, ...]]:
    """All that a recall returns of each summary, by key and question."""
    found: dict[tuple[str, str], tuple[object, ...]] = {}
    for question in WORLD.questions:
        made = recall(graph, asker, question.id, dataset=dataset, settings=RecallSettings(size=40, ratio=1.0))
        for item in made.items:
            if item.source == "summary":
                found[str(item.key), question.id] = (item.counts, item.shares, item.holders)
    return found


def shown(graph: Graph, dataset: str) -> dict[tuple[str, str], tuple[int, ...]]:
    """The counts of which everything that is shown is made, of all keys and questions."""
    return {(row["key"], row["question"]): tuple(row["shown"]) for row in rows(graph, SHOWN, dataset=dataset)}


def put_back(graph: Graph, dataset: str, world: World, victim: str) -> None:
    store_people(graph, dataset, [one for one in world.people if one.id == victim], sharing=Sharing.KEYS)
    store_items(graph, dataset, [item for item in world.items if item.user == victim])


def test_one_person_does_not_show(graph: Graph, dataset: str) -> None:
    """Of what is shown nothing differs by them; so nothing but the base rate is left to guess their answers by."""
    store(graph, dataset, WORLD, sharing=Sharing.KEYS)
    refine(graph, dataset, embedder=HashEmbedder())
    asker, *others = [person.id for person in WORLD.people]
    draw = Random(3)
    right = by_rate = guesses = 0
    for _ in range(TRIES):
        victim = draw.choice(others)
        before, recalled = shown(graph, dataset), seen(graph, dataset, asker)
        erase_user(graph, dataset, victim)
        refine(graph, dataset, embedder=HashEmbedder())
        after, again = shown(graph, dataset), seen(graph, dataset, asker)
        for question in WORLD.questions:
            truth = WORLD.answer(victim, question.id)
            if truth is None:
                continue
            fell: Counter[int] = Counter()
            for (key, asked), counts in before.items():
                if asked == question.id and (key, asked) in after:
                    for option, count in enumerate(counts):
                        fell[option] += count - after[key, asked][option]
            common = Counter(item.option for item in WORLD.items if item.question == question.id).most_common(1)[0][0]
            guess = max(fell, key=lambda option: fell[option]) if any(fell.values()) else common
            guesses, right, by_rate = guesses + 1, right + (guess == truth), by_rate + (common == truth)
        both = recalled.keys() & again.keys()
        assert {place: recalled[place] for place in both} == {place: again[place] for place in both}
        put_back(graph, dataset, WORLD, victim)
        refine(graph, dataset, refit=True, embedder=HashEmbedder())
    assert guesses
    assert right <= by_rate, f"{right} of {guesses} answers were recovered, {by_rate} by the base rate"


def test_an_answer_that_all_gave_is_not_shown(graph: Graph, dataset: str) -> None:
    """It would tell what each holder said; where all of them share their history it is shown."""
    asked = WORLD.questions[0]
    items = tuple(item.model_copy(update={"option": 0}) if item.question == asked.id else item for item in WORLD.items)
    store(graph, dataset, World(WORLD.questions, WORLD.people, items), sharing=Sharing.KEYS)
    refine(graph, dataset, embedder=HashEmbedder())
    snapshot = open_snapshot(graph, dataset)
    wanted = {"dataset": dataset, "fit": snapshot.fit, "least": 0, "questions": [asked.id]}
    [kept_back] = graph.read("summaries", **wanted)
    store_people(graph, dataset, WORLD.people, sharing=Sharing.HISTORY)
    [open_to_all] = graph.read("summaries", **wanted)
    assert kept_back["summaries"] == []
    assert open_to_all["summaries"]
