"""Prediction by a language model: from the same items, never a guess, its calls on record, in every way to call it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from persona_db.chains import (
    Ask,
    Distil,
    Explain,
    Induce,
    Join,
    Key,
    LanguageEngine,
    LanguageModel,
    ModelSettings,
    Recall,
    RecallSettings,
    Snapshot,
    open_model,
    open_snapshot,
    persona_chain,
    predict,
    predict_many,
    recall,
    refine,
)
from persona_db.evals.evaluate import EvaluateSettings, evaluate
from persona_db.evals.items import read_outcomes
from persona_db.graph.datasets import datasets, drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import BudgetError, ConfigError
from persona_db.graph.ledger import spent
from persona_db.graph.session import Graph
from tests.end_to_end.command_line import TOWN
from tests.language_server import ANSWER_FAULTS, LanguageServer
from tests.synthetic import histories, make_world, rows, store

EMBEDDER = HashEmbedder()
ASKED = [("u03", "q05"), ("u01", "q04"), ("u03", "q09"), ("u11", "q00")]


@dataclass(frozen=True)
class Town:
    """A refined dataset to which tests only add runs."""

    graph: Graph
    dataset: str

    @property
    def snapshot(self) -> Snapshot:
        return open_snapshot(self.graph, self.dataset)

    def runs(self) -> dict[str, dict[str, Any]]:
        """Runs by id: the order in which a graph gives them says nothing of their age."""
        query = "MATCH (r:Run {dataset: $d}) RETURN r {.id, .user, .stage, .calls, .fit} AS run"
        return {row["run"]["id"]: row["run"] for row in rows(self.graph, query, d=self.dataset)}

    def runs_since(self, before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The runs that were not there *before*."""
        return [run for id_, run in self.runs().items() if id_ not in before]


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[Town]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, make_world(dated=True))
    refine(graph, dataset, embedder=EMBEDDER)
    yield Town(graph, dataset)
    drop_dataset(graph, dataset)


@pytest.fixture
def model(server: LanguageServer, tmp_path: Path) -> LanguageModel:
    return open_model("openai:scripted", settings=ModelSettings(concurrency=4), cache=tmp_path / "calls.sqlite3")


def test_a_model_reads_what_is_recalled(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """Every item of the recall and nothing else; the answer is one of the options, its evidence some of the items."""
    made = predict(town.graph, "u03", "q05", dataset=town.dataset, model=model, settings=RecallSettings(size=12))
    context = recall(town.graph, "u03", "q05", dataset=town.dataset, settings=RecallSettings(size=12))
    assert (made.outcome, made.engine, made.fit) == ("answered", "openai:scripted", town.snapshot.fit)
    assert (made.recalled, made.borrowed) == (12, context.borrowed)
    assert sum(made.probabilities) == pytest.approx(1)
    assert made.answer in made.options == context.question.options
    assert {one.id for one in made.evidence} <= {item.id for item in context.items}
    [call] = server.answered
    shown = list(call.asked.items.values())
    assert sorted(shown) == sorted(" ".join(item.text.split()) for item in context.items)


def test_many_are_predicted_as_one_by_one(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """In their order, and the cache answers what was asked before; each call is on record."""
    before = town.runs()
    snapshot = town.snapshot
    many = predict_many(snapshot, ASKED, model=model)
    one_by_one = [predict(town.graph, *pair, dataset=town.dataset, model=model) for pair in ASKED]
    assert many == one_by_one
    assert len(server.answered) == len(ASKED)
    added = town.runs_since(before)
    assert sum(run["calls"] for run in added if run["stage"] == "predict") == len(ASKED)
    assert {run["fit"] for run in added} == {snapshot.fit}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("options misspelt", "outside"),
        ("refusal", "refused"),
        ("empty content", "empty"),
        ("wrong types", "invalid"),
        ("schema echoed back", "invalid"),
    ],
)
def test_no_answer_is_no_guess(
    town: Town, server: LanguageServer, model: LanguageModel, fault: str, outcome: str
) -> None:
    """It is said what came instead, and no option has a probability."""
    server.fail(ANSWER_FAULTS[fault])
    made = predict(town.graph, "u05", "q05", dataset=town.dataset, model=model)
    assert (made.outcome, made.answer, made.probabilities, made.evidence) == (outcome, "", (), ())
    assert made.explanation
    assert town.runs()


def test_a_token_budget_leaves_out_what_tells_least(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """Beside the places there are."""
    made = predict(town.graph, "u03", "q05", dataset=town.dataset, model=model, token_budget=120)
    context = recall(town.graph, "u03", "q05", dataset=town.dataset)
    assert 0 < made.recalled < len(context.items)
    shown = set(server.answered[0].asked.items.values())
    assert " ".join(max(context.items, key=lambda item: item.score).text.split()) in shown


def test_the_money_is_bounded(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """No call is made that the budget does not hold; what was answered stays in the cache."""
    snapshot, pairs = town.snapshot, [(f"u{n:02}", "q05") for n in range(30)]
    with pytest.raises(BudgetError):
        predict(town.graph, "u03", "q05", dataset=town.dataset, model=model, budget_usd=0.0)
    assert server.calls == []
    with pytest.raises(BudgetError):
        predict_many(snapshot, pairs, model=model, budget_usd=0.02)
    paid = len(server.answered)
    assert 0 < paid < 30
    predict_many(snapshot, pairs, model=model)
    assert len(server.answered) == 30


class Seen(BaseCallbackHandler):
    """Remembers which runs stand below which, and their tags."""

    def __init__(self) -> None:
        self.parents: dict[Any, Any] = {}
        self.names: dict[Any, str] = {}
        self.models: list[Any] = []
        self.tags: list[list[str]] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.parents[kwargs["run_id"]] = kwargs["parent_run_id"]
        self.names[kwargs["run_id"]] = kwargs["name"]

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.models.append(kwargs["parent_run_id"])
        self.tags.append(kwargs["tags"] or [])

    def above(self, run: Any) -> list[Any]:
        """The runs that a model's call is part of, the outermost last."""
        found = []
        while run is not None:
            found.append(run)
            run = self.parents[run]
        return found


def test_the_whole_pipeline_is_one_runnable(town: Town, model: LanguageModel) -> None:
    """`persona_chain` is predict, however it is called, with a model and without."""
    asked = [Ask(user=user, question=question) for user, question in ASKED]
    for given in (model, None):
        chain = persona_chain(town.graph, town.dataset, model=given, embedder=EMBEDDER)
        expected = [predict(town.graph, *pair, dataset=town.dataset, model=given) for pair in ASKED]
        assert chain.batch(asked) == expected
        assert chain.invoke(asked[0]) == expected[0]
        assert asyncio.run(chain.ainvoke(asked[1])) == expected[1]
        assert asyncio.run(chain.abatch(asked)) == expected


def test_config_reaches_the_model(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """Each call is part of its own question's run, with its tags."""
    seen = Seen()
    chain = persona_chain(town.graph, town.dataset, model=model, embedder=EMBEDDER)
    asked = [Ask(user=user, question=question) for user, question in ASKED]
    chain.batch(asked, config={"callbacks": [seen], "tags": ["mine"]})
    assert len(seen.models) == len(ASKED)
    assert all("mine" in tags for tags in seen.tags)
    tops = [run for run, parent in seen.parents.items() if parent is None]
    assert len(tops) == len(ASKED)
    assert all("Predict" in {seen.names[one] for one in seen.above(run)} for run in seen.models)
    assert {seen.above(run)[-1] for run in seen.models} == set(tops)


def test_the_stages_of_refinement_are_runnables(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """`Distil | Induce | Key` with a model, each call part of its own user's run."""
    engine = LanguageEngine(model)
    stages = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
    seen = Seen()
    people = histories(make_world(people=3))
    personas = stages.batch(people, config={"callbacks": [seen], "tags": ["mine"]})
    assert [persona.user for persona in personas] == [history.user for history in people]
    assert all(persona.distilled and persona.induced and persona.keys for persona in personas)
    assert len(seen.models) == len(server.answered) == 6
    assert all("mine" in tags for tags in seen.tags)
    assert len({seen.above(run)[-1] for run in seen.models}) == 3
    assert asyncio.run(stages.ainvoke(people[0])) == personas[0]


def test_an_explanation_is_streamed(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """In pieces, which are the whole; and it is on record."""
    given: dict[str, Any] = {"graph": town.graph, "dataset": town.dataset}
    chain = Join(**given) | Recall(**given, embedder=EMBEDDER) | Explain(**given, model=model)
    before = town.runs()
    pieces = list(chain.stream(Ask(user="u03", question="q05")))
    assert len(pieces) > 3
    assert "".join(pieces) == chain.invoke(Ask(user="u03", question="q05"))
    assert sum(run["calls"] for run in town.runs_since(before)) == 2


def test_an_explanation_is_streamed_while_others_run(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """Awaited piece by piece, the same pieces, also of a mapping; and callbacks see one run."""
    given: dict[str, Any] = {"graph": town.graph, "dataset": town.dataset}
    recalled = (Join(**given) | Recall(**given, embedder=EMBEDDER)).invoke(Ask(user="u03", question="q05"))
    explain = Explain(**given, model=model)
    seen = Seen()

    async def pieces(asked: Any) -> list[str]:
        return [piece async for piece in explain.astream(asked, config={"callbacks": [seen]})]

    streamed = asyncio.run(pieces(recalled))
    assert len(streamed) > 3
    assert streamed == list(explain.stream(recalled)) == asyncio.run(pieces(recalled.model_dump(mode="json")))
    assert len(seen.models) == 2
    whole = Join(**given) | Recall(**given, embedder=EMBEDDER) | explain

    async def of_the_chain() -> list[str]:
        return [piece async for piece in whole.astream(Ask(user="u03", question="q05"))]

    assert asyncio.run(of_the_chain()) == streamed


def test_no_more_calls_run_at_once_than_allowed(town: Town, server: LanguageServer, model: LanguageModel) -> None:
    """`max_concurrency` of a config bounds the calls of a batch, awaited or not, below what the model allows."""
    chain = persona_chain(town.graph, town.dataset, model=model, embedder=EMBEDDER)
    asked = [Ask(user=user, question=question) for user, question in ASKED]
    server.latency = 0.1
    chain.batch(asked, config={"max_concurrency": 1})
    assert _at_once(server) == 1
    server.forget()
    asyncio.run(chain.abatch([one.model_copy(update={"question": "q02"}) for one in asked], {"max_concurrency": 2}))
    assert _at_once(server) == 2


def _at_once(server: LanguageServer) -> int:
    """The most calls that the server had at one time."""
    return max(sum(other.began <= call.began < other.ended for other in server.calls) for call in server.calls)


def _settings(split: Path, **how: Any) -> EvaluateSettings:
    return EvaluateSettings(
        format="jsonl", paths=(str(TOWN),), split=(str(split),), arms=("persona-db", "no-join", "no-history"), **how
    )


@pytest.fixture
def split(tmp_path: Path) -> Path:
    answers = [line for line in map(json.loads, TOWN.read_text(encoding="utf-8").splitlines()) if "option" in line]
    marks = (
        f"{one['user']},{one['question']},{'history' if place % 7 else 'test'}" for place, one in enumerate(answers)
    )
    path = tmp_path / "split.csv"
    path.write_text("\n".join(["user,question,split", *marks]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("refined_by", ["model", "statistical"])
def test_a_model_is_evaluated(
    graph: Graph, server: LanguageServer, tmp_path: Path, split: Path, monkeypatch: pytest.MonkeyPatch, refined_by: str
) -> None:
    """Each arm asks once an item, counts its tokens and money, and what is no answer; `no-history` shows no item."""
    monkeypatch.setattr(graph, "settings", graph.settings.model_copy(update={"cache": tmp_path}))
    server.fail(ANSWER_FAULTS["refusal"], where=lambda asked: asked.task == "predict", times=6)
    settings = _settings(split, model="openai:scripted", limit=20, refined_by=refined_by)
    report = evaluate(graph, settings, out=tmp_path, embedder=EMBEDDER)
    by_stage = {task: [call for call in server.answered if call.asked.task == task] for task in ("distil", "predict")}
    assert bool(by_stage["distil"]) == (refined_by == "model")
    arms = report.arms
    assert {arm.n for arm in arms.values()} == {20}
    assert arms["persona-db"].said.get("refused", 0) == arms["persona-db"].abstained > 0
    assert all(sum(arm.said.values()) == 20 for arm in arms.values())
    assert sum(arm.calls for arm in arms.values()) == len(by_stage["predict"])
    assert sum(arm.cost_usd for arm in arms.values()) > 0
    assert arms["no-history"].items_per_prediction == 0
    assert arms["no-history"].tokens_per_prediction < arms["no-join"].tokens_per_prediction
    assert report.settings["engine"] == "openai:scripted"
    assert report.command.endswith(f"--model openai:scripted --refined-by {refined_by}")
    _, outcomes = read_outcomes(tmp_path / "outcomes.jsonl.gz")
    assert {one.said for one in outcomes["persona-db"]} == {"answered", "refused"}
    assert not [one for one in datasets(graph, include_evaluation=True) if one.evaluation]
    server.forget()
    again = evaluate(graph, settings, embedder=EMBEDDER)
    assert again.arms["no-join"].accuracy == arms["no-join"].accuracy


def test_an_evaluation_keeps_to_its_budget(
    graph: Graph, server: LanguageServer, tmp_path: Path, split: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops with an error, and goes on from there when it may spend more."""
    monkeypatch.setattr(graph, "settings", graph.settings.model_copy(update={"cache": tmp_path}))
    settings = _settings(split, model="openai:scripted", limit=20, refined_by="statistical", budget_usd=0.02)
    settings = settings.model_copy(update={"arms": ("persona-db", "no-join")})
    with pytest.raises(BudgetError):
        evaluate(graph, settings, embedder=EMBEDDER)
    paid = len(server.answered)
    assert 0 < paid < 40
    evaluate(graph, settings.model_copy(update={"budget_usd": 1.0}), embedder=EMBEDDER)
    asked = [call.asked.prompt_key for call in server.answered]
    assert len(asked) == len(set(asked)) == 40


def test_the_arm_of_a_model_needs_one(graph: Graph, split: Path) -> None:
    """What it knows by heart is nothing without it."""
    with pytest.raises(ConfigError, match="--model"):
        evaluate(graph, _settings(split), embedder=EMBEDDER)


def test_the_ledger_is_summed(town: Town, model: LanguageModel) -> None:
    """By stage and model."""
    predict(town.graph, "u07", "q07", dataset=town.dataset, model=model)
    [told] = [one for one in spent(town.graph, town.dataset) if one.stage == "predict"]
    assert told.model == "openai:scripted"
    assert told.calls >= 1
    assert told.cost_usd > 0
