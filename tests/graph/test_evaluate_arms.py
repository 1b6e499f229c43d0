"""Arms fill the places as they say: the newest, all, without a layer, or from people drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict_many, recall, refine
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.results import Recalled
from persona_db.chains.retrieval.own_items import read_own_items
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import recall_many
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import FIT_ARMS, settings_of
from persona_db.evals.evaluate import EvaluateSettings, evaluate
from persona_db.evals.random_collaborators import predict_at_random, random_contexts
from persona_db.graph.datasets import datasets, drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import HistoryItem
from persona_db.graph.session import Graph
from tests.graph.test_leaks import jsonl, split_of, test_cells
from tests.synthetic import SpeakingEmbedder, World, make_world, store

EMBEDDER = HashEmbedder()
USER, TARGET = "u03", "q14"
ASKED = RecallSettings(size=6, ratio=0.5)


@dataclass(frozen=True)
class Town:
    """Sixty people with dated answers, whose answers to TARGET are not held by USER."""

    graph: Graph
    dataset: str
    world: World

    def items(self, arm: str, asked: RecallSettings = ASKED) -> tuple[Recalled, ...]:
        return recall(self.graph, USER, TARGET, dataset=self.dataset, settings=settings_of(arm, asked)).items

    @property
    def own(self) -> list[HistoryItem]:
        return [item for item in self.world.items if item.user == USER]

    @property
    def snapshot(self) -> Snapshot:
        return open_snapshot(self.graph, self.dataset)

    @property
    def answers(self) -> AnswerMatrix:
        return AnswerMatrix.of(self.world.questions, self.world.people, self.world.items)


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[Town]:
    dataset = f"test-{uuid4().hex[:12]}"
    world = make_world(people=60, questions=18, dated=True).without(USER, TARGET)
    store(graph, dataset, world)
    refine(graph, dataset, embedder=EMBEDDER)
    yield Town(graph, dataset, world)
    drop_dataset(graph, dataset)


def test_recency_is_the_newest_answers(town: Town) -> None:
    """Whatever they tell: dates decide alone."""
    newest = sorted(town.own, key=lambda item: item.at, reverse=True)[:6]
    assert [item.id for item in town.items("recency")] == [item.id for item in newest]


def test_the_full_history_is_all_of_it(town: Town) -> None:
    """More than the places asked for."""
    found = town.items("full-history")
    assert {item.id for item in found} == {item.id for item in town.own}
    assert len(found) > ASKED.size


def test_of_one_date_the_order_is_arbitrary_but_not_the_same_for_all(graph: Graph, dataset: str) -> None:
    """Else everybody would be judged by the questions that come first in the alphabet."""
    world = make_world(people=30, questions=15)
    store(graph, dataset, world, embed=False)
    refine(graph, dataset)
    settings = settings_of("recency", RecallSettings(size=3))
    firsts = [
        tuple(item.question for item in recall(graph, f"u{n:02}", "q00", dataset=dataset, settings=settings).items)
        for n in (1, 2, 1)
    ]
    assert firsts[0] == firsts[2] != firsts[1]


@pytest.mark.parametrize(("arm", "layer"), [("no-distilled-items", "distilled"), ("no-induced-items", "induced")])
def test_a_layer_is_left_out_of_what_is_recalled(town: Town, arm: str, layer: str) -> None:
    """It is there with everything on; without it as many places are filled, borrowed ones as before."""
    many = RecallSettings(size=14, ratio=0.1)
    everything, without = town.items("persona-db", many), town.items(arm, many)
    own = {item.layer for item in everything if item.source == "own"}
    assert layer in own
    assert layer not in {item.layer for item in without if item.source == "own"}
    assert len(without) == len(everything) == 14


@pytest.mark.parametrize(
    ("arm", "layer", "kind"), [("no-distilled", "distilled", "stance"), ("no-induced", "induced", "trait")]
)
def test_a_layer_is_left_out_of_a_fit(town: Town, dataset: str, arm: str, layer: str, kind: str) -> None:
    """No fact of it, no key that rests on it alone; what does not rest on it is there, base rates are the same."""
    speaking = "All human beings have the same worth, wherever they come from."
    embedder = SpeakingEmbedder()
    texts = [
        HistoryItem(id=f"{person.id}/note", user=person.id, text=f"More {topic}, says {person.id}. {speaking}")
        for person, topic in zip(town.world.people, ("parks", "banks") * 30, strict=True)
    ]
    world = replace(town.world, items=(*town.world.items, *texts))
    whole = f"{dataset}-whole"
    try:
        store(town.graph, dataset, world, embedder=embedder)
        store(town.graph, whole, world, embedder=embedder)
        refine(town.graph, dataset, embedder=embedder, settings=FIT_ARMS[arm])
        refine(town.graph, whole, embedder=embedder)
        fits = {name: open_snapshot(town.graph, name).fit for name in (dataset, whole)}
        kinds, layers, rates = {}, {}, {}
        for name, fit in fits.items():
            kinds[name] = {row["kind"] for row in town.graph.read("fitted_keys", dataset=name, fit=fit, least=0)}
            read = {"dataset": name, "fit": fit, "users": [USER], "as_of": "9999"}
            [persona] = town.graph.read("personas", **read)
            layers[name] = {fact[1] for fact in persona["facts"]}
            questions = [one.id for one in world.questions]
            rates[name] = town.graph.read("base_rates", dataset=name, fit=fit, questions=questions)
        assert layers[whole] - layers[dataset] == {layer}
        assert kind in kinds[whole] - kinds[dataset]
        assert {"stance", "trait", "demographic"} - {kind} <= kinds[dataset]
        assert rates[dataset] == rates[whole]
    finally:
        drop_dataset(town.graph, whole)


def test_what_is_borrowed_at_random_is_not_what_is_shared(town: Town) -> None:
    """Keys that the user does not hold, as many as they hold; the same places are filled; the own half is the same."""
    pairs = [(person.id, TARGET) for person in town.world.people[:20]]
    settings = RecallSettings(size=12, ratio=0.5)
    [(places, correlations, drawn)] = random_contexts(
        town.snapshot, pairs, settings=settings, answers=town.answers, seed=0, texts=False
    )
    asked, _ = prepare(town.snapshot, pairs)
    matched = recall_many(correlations, [asked[place] for place in places], settings=settings, texts=False)
    own = read_own_items(correlations, [user for user, _ in pairs], frozenset())
    summaries = 0
    for one, other in zip(drawn, matched, strict=True):
        assert [item.id for item in one.items if item.source == "own"] == [
            item.id for item in other.items if item.source == "own"
        ]
        assert len(one.items) == len(other.items)
        keys = {item.key for item in one.items if item.source == "summary"}
        assert not keys & set(own[one.user].held)
        assert one.user not in {item.user for item in one.items}
        summaries += len(keys)
    assert summaries > 10


def test_draws_depend_on_the_seed_and_on_no_other_pair(town: Town) -> None:
    """Alone, among others and again the same; another seed, other people."""
    pairs = [(person.id, one.id) for person in town.world.people[:12] for one in town.world.questions[:6]]
    settings = RecallSettings(size=12, ratio=1.0)

    def made(some: list[tuple[str, str]], seed: int, at_once: int = 7) -> list[tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        for places, _, contexts in random_contexts(
            town.snapshot, some, settings=settings, answers=town.answers, seed=seed, texts=False, at_once=at_once
        ):
            found |= {place: tuple(item.id for item in one.items) for place, one in zip(places, contexts, strict=True)}
        return [found[place] for place in range(len(some))]

    together = made(pairs, 4)
    assert together == made(pairs, 4, at_once=1_000)
    assert [together[30]] == made(pairs[30:31], 4)
    assert together != made(pairs, 5)


def test_people_who_share_something_foretell_more_than_people_who_do_not(graph: Graph, dataset: str) -> None:
    """Of held-out answers, without anything of one's own: the truth gets more from those not drawn at random."""
    whole = make_world(people=60, questions=18)
    world = replace(whole, items=tuple(item for place, item in enumerate(whole.items) if place % 9))
    pairs = [(item.user, str(item.question)) for item in whole.items[::9]]
    truth = [item.option for item in whole.items[::9]]
    options = {one.id: one.options for one in world.questions}
    store(graph, dataset, world)
    refine(graph, dataset, embedder=EMBEDDER)
    snapshot = open_snapshot(graph, dataset)
    answers = AnswerMatrix.of(world.questions, world.people, world.items)
    settings = RecallSettings(size=20, ratio=1.0, layers=frozenset())
    at_random = predict_at_random(
        snapshot, pairs, engine=StatisticalEngine(), settings=settings, answers=answers, seed=0
    )
    given = []
    for made in (
        predict_many(snapshot, pairs, settings=settings),
        [one.prediction for one in at_random],
    ):
        assert [(one.user, one.question) for one in made] == pairs
        assert all(one.options == options[one.question] for one in made)
        given.append(sum(one.probabilities[t] for one, t in zip(made, truth, strict=True) if t is not None))
    assert given[0] > given[1] + 2


def test_an_evaluation_of_these_arms(graph: Graph, tmp_path: Path) -> None:
    """All predict every test, people are told apart by an attribute, and nothing is left behind."""
    world = make_world(people=70)
    split = tmp_path / "split.csv"
    marks = "".join(f"{user},{question},{part}\n" for user, question, part in split_of(world).marks())
    split.write_text(f"user,question,split\n{marks}", encoding="utf-8")
    arms = ("persona-db", "random-collaborators", "recency", "full-history", "no-distilled", "no-induced", "marginal")
    settings = EvaluateSettings(
        format="jsonl", paths=(str(jsonl(tmp_path / "x.jsonl", world)),), split=(str(split),), arms=arms, by="PARTY"
    )
    before = {one.dataset for one in datasets(graph, include_evaluation=True)}
    report = evaluate(graph, settings, embedder=EMBEDDER)
    assert tuple(report.arms) == arms
    assert {arm.n for arm in report.arms.values()} == {len(test_cells(world))}
    assert "--by PARTY" in report.command
    sides = [f"PARTY={person.attributes['PARTY']}" for person in world.people]
    tested = {name: kind.users for name, kind in report.subgroups.items()}
    assert tested
    assert all(30 <= users <= sides.count(name) for name, users in tested.items())
    assert {one.dataset for one in datasets(graph, include_evaluation=True)} == before
    with pytest.raises(ConfigError, match="PARTY, REGION"):
        evaluate(graph, settings.model_copy(update={"by": "SHOE"}), embedder=EMBEDDER)


def test_a_layer_is_not_removed_from_what_a_model_refines(graph: Graph) -> None:
    """It would be another model's work."""
    settings = EvaluateSettings(format="senate", arms=("no-induced",), model="llama")
    with pytest.raises(ConfigError, match="--refined-by statistical"):
        evaluate(graph, settings, embedder=EMBEDDER)
