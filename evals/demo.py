"""The main job on bundled data: load, refine, compare arms, explain one prediction, draw a picture."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.neighbourhoods import neighbourhood, picture
from persona_db.chains.prediction.trace import trace
from persona_db.chains.refinement.refine import refine
from persona_db.chains.results import Collaborator, Context, Evidence, Prediction, Recalled
from persona_db.chains.retrieval.join import join
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import RecallSettings, recall_many
from persona_db.chains.statistical.predict import predict_contexts
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import check_arms
from persona_db.evals.demo_data import DEMOS
from persona_db.evals.evaluate import check_no_leak, ranks_by_question
from persona_db.evals.items import RunHeader, TestItem
from persona_db.evals.predict import predict_arm
from persona_db.evals.report import ArmCost, Report, report_of
from persona_db.evals.settings import EvaluateSettings
from persona_db.evals.splits import SHARE, VOTES, contested_split, items_to_predict
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model, Sharing
from persona_db.graph.names import DemoData
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders import Split, load, open_source

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["DEMO_ARMS", "Demo", "TracedItem", "run_demo"]

DEMO_ARMS = ("persona-db", "no-join", "neighbour-vote", "matrix-factorisation", "marginal", "majority")

_COLLABORATORS = 5
_STEPS_A_SOURCE = 2
_LEAST_REASON = 3.0  # percentage points


class TracedItem(Model):
    """A recalled item of the explained prediction, with its path back to votes."""

    evidence: Evidence
    item: Recalled
    collaborator: Collaborator | None = Field(description="Whose item it is, with the keys shared with them.")
    rests_on: tuple[str, ...] = Field(description="Votes at the end of the path.")


class Demo(Model):
    """What the demo did and found."""

    dataset: str
    report: Report
    user: str
    collaborators: tuple[Collaborator, ...]
    held_out: TestItem = Field(
        description="The vote that is explained: of the user's held-out ones that are predicted right with a reason of "
        "three percentage points or more, that on which the known votes are most divided."
    )
    right: int = Field(description="Of the user's held-out votes, those predicted right.")
    of: int = Field(description="The user's held-out votes.")
    truth: str
    question_text: str
    prediction: Prediction
    path: tuple[TracedItem, ...]
    picture: str = Field(description="Where the picture of the neighbourhood was written.")
    queries: tuple[str, ...] = Field(description="Cypher to try next.")
    seconds: float


def run_demo(
    graph: Graph,
    *,
    out: Path,
    on: DemoData = DemoData.SENATE,
    user: str | None = None,
    seed: int = 0,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
) -> Demo:
    """Load and refine the data without a part of its contested votes, predict these, and explain one of *user*.

    The dataset stays, for exploring; a second run finds it refined and only predicts again.
    """
    started = perf_counter()
    check_arms(DEMO_ARMS)
    chosen = DEMOS[on]
    user = user or chosen.user
    dataset = chosen.dataset if seed == 0 else f"{chosen.dataset}-{seed}"  # each holds other votes out
    split = Split(contested_split(VOTES[chosen.format]().votes(), seed=seed, share=chosen.share))
    source = open_source(chosen.format, split=[split])
    load(graph, source, dataset=dataset, sharing=Sharing.HISTORY, embedder=embedder, progress=progress)
    refine(graph, dataset, seed=seed, embedder=embedder, progress=progress)
    tests = items_to_predict(source)
    check_no_leak(graph, dataset, tests)
    answers = AnswerMatrix.of_source(source)
    report = _compare(graph, dataset, answers, tests, on, seed=seed, progress=progress)
    mine = sorted((test for test in tests if test.user == user), key=lambda test: _divided(answers, test.question))
    if not mine:
        raise ConfigError(f"no vote of {user!r} is held out; `persona-db users --dataset {dataset}` lists who is there")
    predicted = [made for _, made in _predicted(graph, dataset, mine)]
    right = [
        (test, made) for test, made in zip(mine, predicted, strict=True) if made.answer == made.options[test.option]
    ]
    reasoned = [pair for pair in right if any(_is_reason(one) for one in pair[1].evidence)]
    held_out = next((test for test, _ in reasoned or right), mine[0])
    collaborators = tuple(join(graph, user, dataset=dataset, sharing=Sharing.INDUCED))
    prediction, path, text = _explained(graph, dataset, held_out)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "neighbourhood.html"
    page.write_text(picture(neighbourhood(graph, user, dataset=dataset)), encoding="utf-8")
    return Demo(
        dataset=dataset,
        report=report,
        user=user,
        collaborators=collaborators[:_COLLABORATORS],
        held_out=held_out,
        right=len(right),
        of=len(mine),
        truth=prediction.options[held_out.option],
        question_text=text,
        prediction=prediction,
        path=path,
        picture=str(page),
        queries=_queries(dataset, user, chosen.query),
        seconds=perf_counter() - started,
    )


def _divided(answers: AnswerMatrix, question: str) -> tuple[float, str]:
    """How far the known votes on a question are from half for its last option, and its id for ties."""
    column = answers.questions.index(question)
    votes = answers.answers[:, column]
    last = answers.n_options[column] - 1
    return abs(float((votes == last).sum()) / max(int((votes >= 0).sum()), 1) - 0.5), question


def _compare(
    graph: Graph,
    dataset: str,
    answers: AnswerMatrix,
    tests: list[TestItem],
    on: DemoData,
    *,
    seed: int,
    progress: Progress,
) -> Report:
    chosen = DEMOS[on]
    settings = EvaluateSettings(format=chosen.format, arms=DEMO_ARMS, seed=seed)
    outcomes, costs = {}, {}
    for arm in DEMO_ARMS:
        started = perf_counter()
        progress(f"arm {arm}", 0, None)
        outcomes[arm] = predict_arm(graph, dataset, arm, tests, settings, answers=answers, progress=progress)
        costs[arm] = ArmCost(seconds=perf_counter() - started)
    header = RunHeader(
        dataset=chosen.format,
        split=f"{chosen.held_out}, seed {seed}",
        command=settings.command if chosen.share == SHARE else f"persona-db demo --on {on.value} --seed {seed}",
        seed=seed,
        settings=settings.model_dump(mode="json"),
        ranks=ranks_by_question(answers),
    )
    return report_of(header, outcomes, costs=costs)


def _is_reason(evidence: Evidence) -> bool:
    return evidence.source == "own" and evidence.points >= _LEAST_REASON


def _predicted(graph: Graph, dataset: str, tests: list[TestItem]) -> list[tuple[Context, Prediction]]:
    """Predict some held-out votes, each with its evidence and with what was recalled."""
    asked, correlations = prepare(open_snapshot(graph, dataset), [(test.user, test.question) for test in tests])
    contexts = recall_many(correlations, asked, settings=RecallSettings(), texts=True)
    return list(zip(contexts, predict_contexts(correlations, contexts, explain=True), strict=True))


def _explained(graph: Graph, dataset: str, test: TestItem) -> tuple[Prediction, tuple[TracedItem, ...], str]:
    """Predict one held-out vote, and follow the strongest recalled items of each source back to votes."""
    [(context, prediction)] = _predicted(graph, dataset, [test])
    items = {item.id: item for item in context.items}
    pushed = {one.id for one in prediction.evidence}
    rest = [item for item in context.items if item.id not in pushed]
    unpushed = [Evidence(id=item.id, source=item.source, text=item.text, weight=0.0) for item in rest]
    chosen = [
        one
        for source in ("own", "summary", "collaborator")
        for one in [piece for piece in (*prediction.evidence, *unpushed) if piece.source == source][:_STEPS_A_SOURCE]
    ]
    traced = trace(graph, prediction.model_copy(update={"evidence": tuple(chosen)}), dataset=dataset)
    path = tuple(
        TracedItem(
            evidence=step.evidence,
            item=items[step.evidence.id],
            collaborator=step.collaborator,
            rests_on=tuple(support.text for support in step.rests_on),
        )
        for step in traced.steps
    )
    return prediction, path, context.question.text


def _queries(dataset: str, user: str, query: str) -> tuple[str, ...]:
    name = user.replace("\\", "\\\\").replace("'", "\\'")
    return (
        f"MATCH (u:User {{dataset: '{dataset}', id: '{name}'}})-[h:HOLDS]->(k:CacheKey)<-[g:HOLDS]-(v:User) "
        "RETURN v.id, count(k) AS shared, round(sum(h.unit * g.unit), 2) AS score ORDER BY score DESC LIMIT 10",
        f"MATCH path = (:User {{dataset: '{dataset}', id: '{name}'}})-[:HAS_FACT]->(:Fact {{layer: 'induced'}})"
        "-[:DERIVED_FROM*1..2]->(:HistoryItem) RETURN path LIMIT 25",
        query % dataset,
    )
