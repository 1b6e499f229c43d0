"""Cost: time and memory of each stage, and how they grow with people (the paper's second open question)."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import psutil

from persona_db.chains.prediction.predict import predict_many
from persona_db.chains.refinement.history_reader import HistoryReader
from persona_db.chains.retrieval.join import join_many
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import RecallSettings, recall_many
from persona_db.evals.arms import places_of
from persona_db.evals.experiments.records import Records
from persona_db.evals.experiments.result import ExperimentResult, Measured, Plot, Row
from persona_db.graph.models import HistoryItem, Person

if TYPE_CHECKING:
    from persona_db.chains.fit.snapshot import Snapshot
    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "cost"
QUESTION = "What do the stages take, how does it grow with people, and how does it compare with plain retrieval?"

_PEOPLE = (100, 1_000, 10_000, 100_000)
_QUICK = (100, 400)
_ITEMS = 20
"""Answers of each person at every size, so that only the number of people grows."""
_ASKED = 40
_MODEL = "openai:gpt-4.1-mini"
"""The model whose list price is used where the settings name none."""
_ANSWER_TOKENS = 150
"""Tokens of a prediction as JSON: a share for each option, the evidence and a sentence."""
_MB = 1e6


def run(context: ExperimentContext) -> ExperimentResult:
    """Load, refine and predict with more and more people, each with 20 answers drawn from those of one real person.

    Times are of this machine and this run, to be compared with each other. `load` and `refine` are in milliseconds a
    user; `join` and predictions are in milliseconds each, the median of up to 40 users one at a time. `history` is
    plain retrieval over the person's own items, without a JOIN. `memory` is this process's peak resident set so far,
    `server memory` that of the embedded Neo4j, in MB.

    The cost of a language model is estimated without a call: for the model of the settings or else gpt-4.1-mini, by its
    list price. `tokens` are those of the full prompt and of a usual answer, for one refined user or one prediction;
    dollars are for a thousand of these, and empty where no price is known.
    """
    from persona_db.chains.language.pricing import prices_said

    started = perf_counter()
    rows: list[Row] = []
    named = context.settings.model or _MODEL
    model = _model(named, context.settings.model_settings)
    for people in _QUICK if context.settings.quick else _PEOPLE:
        rows += _measure(context, model, people)
    slopes = [_slope(rows, stage) for stage in ("load", "refine", "join", "predict: persona-db", "predict: history")]
    return ExperimentResult(
        name=NAME,
        question=QUESTION,
        dataset=context.settings.format,
        users=max(row.n for row in rows),
        tests=0,
        of_tests=len(context.records.tests),
        command=context.settings.command(NAME),
        settings=context.settings.model_dump(mode="json"),
        axes=("people",),
        shown=("ms", "tokens", "usd_per_1000", "MB"),
        rows=tuple(rows),
        plots=(Plot(kind="lines", x="people", measures=("ms",), log=True),),
        notes=(
            "Growth with ten times as many people: " + "; ".join(slopes) + " (1.0 is not at all, 10 in proportion; "
            "load and refine are already a user).",
            f"Tokens and US dollars: about those of {named}, by the {prices_said()}; no call was made.",
        ),
        seconds=perf_counter() - started,
    )


def _model(name: str, settings: ModelSettings | None) -> LanguageModel:
    """Return the model whose tokens and price are counted; the default one needs no key, as it is never called.

    The context's own model is not used: its cache would count earlier calls as free.
    """
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    from persona_db.chains.language.models import open_model

    usual = name == _MODEL
    chat = ChatOpenAI(model=name.partition(":")[2], api_key=SecretStr("never called")) if usual else name
    return open_model(chat, settings=settings)


def _measure(context: ExperimentContext, model: LanguageModel, people: int) -> list[Row]:
    records = _resampled(context.records, people, seed=context.settings.seed)
    population = context.population(f"cost {people}", records)
    axes: dict[str, str | float] = {"people": people}
    started = perf_counter()
    snapshot = population.snapshot()  # loads and refines
    seconds = perf_counter() - started
    refining = population.refined.seconds if population.refined else 0.0
    drawn = np.random.default_rng(context.settings.seed).permutation(people)[:_ASKED]
    users = [records.people[index].id for index in drawn.tolist()]
    question = max(context.records.questions, key=lambda one: (len(one.options) > 1, one.id)).id
    asked = RecallSettings(size=context.settings.size, ratio=context.settings.ratio, top_k=context.settings.top_k)
    timed = {
        "join": _each(users, lambda user: join_many(snapshot, [user], top_k=asked.top_k)),
        **{
            f"predict: {arm}": _each(users, partial(_predict_one, snapshot, question, places_of(arm, asked)))
            for arm in ("persona-db", "no-join", "history")
        },
    }
    rows = [
        Row(arm="load", axes=axes, n=people, measures={"ms": Measured(value=1000 * (seconds - refining) / people)}),
        Row(arm="refine", axes=axes, n=people, measures={"ms": Measured(value=1000 * refining / people)}),
        *(Row(arm=stage, axes=axes, n=len(users), measures={"ms": found}) for stage, found in timed.items()),
        *(
            Row(arm=f"model, {what}", axes=axes, n=len(users), measures=found)
            for what, found in _counted(model, snapshot, [(user, question) for user in users], asked).items()
        ),
        Row(arm="memory", axes=axes, n=people, measures={"MB": Measured(value=_peak())}),
    ]
    server = _server_memory(context)
    if server is not None:
        rows.append(Row(arm="server memory", axes=axes, n=people, measures={"MB": Measured(value=server)}))
    population.close()
    return rows


def _predict_one(snapshot: Snapshot, question: str, places: RecallSettings, user: str) -> None:
    predict_many(snapshot, [(user, question)], settings=places)


def _counted(
    model: LanguageModel, snapshot: Snapshot, pairs: Sequence[tuple[str, str]], asked: RecallSettings
) -> dict[str, dict[str, Measured]]:
    """Return tokens, and US dollars for a thousand, of refining these users and of predicting each pair by a model."""
    from persona_db.chains.language.dry_run import estimate
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.predict import count_asked

    users = [user for user, _ in pairs]
    histories = HistoryReader(snapshot.graph, snapshot.dataset, as_of=snapshot.as_of, embedder=None).histories(users)
    refined = estimate(LanguageEngine(model), histories)
    found = {"refine": _priced(model, refined.tokens_in / len(users), refined.tokens_out / len(users))}
    questions, correlations = prepare(snapshot, pairs)
    for arm in ("persona-db", "no-join", "history", "full-history"):
        contexts = recall_many(correlations, questions, settings=places_of(arm, asked), texts=True)
        tokens = float(np.mean([count_asked(model, context) for context in contexts]))
        found[f"predict: {arm}"] = _priced(model, tokens, _ANSWER_TOKENS)
    return found


def _priced(model: LanguageModel, tokens_in: float, tokens_out: float) -> dict[str, Measured]:
    usd = model.cost(round(1_000 * tokens_in), round(1_000 * tokens_out))
    return {"tokens": Measured(value=tokens_in + tokens_out), "usd_per_1000": Measured(value=usd)}


def _each(users: Sequence[str], work: Callable[[str], object]) -> Measured:
    """Return the median milliseconds of *work* on each user after one warm-up; the interval is from 2.5 to 97.5 %."""
    work(users[0])
    taken = []
    for user in users:
        started = perf_counter()
        work(user)
        taken.append(1000 * (perf_counter() - started))
    low, middle, high = np.quantile(taken, [0.025, 0.5, 0.975])
    return Measured(value=float(middle), ci95=(float(low), float(high)))


def _resampled(records: Records, people: int, *, seed: int) -> Records:
    """Return *people* people, each with the attributes and 20 drawn answers of one of the records."""
    rng = np.random.default_rng(seed)
    made: list[Person] = []
    items: list[HistoryItem] = []
    for index in range(people):
        user = records.users[int(rng.integers(len(records.users)))]
        own = records.by_user.get(user, [])
        made.append(Person(id=f"p{index}", attributes=records.attributes.get(user, {})))
        for place in rng.permutation(len(own))[:_ITEMS].tolist():
            items.append(own[place].model_copy(update={"id": f"p{index}/{own[place].id}", "user": f"p{index}"}))
    return replace(records, people=tuple(made), items=tuple(items), tests=())


def _slope(rows: Sequence[Row], stage: str) -> str:
    own = sorted((float(row.axes["people"]), float(row.measures["ms"].value or 0)) for row in rows if row.arm == stage)
    (first, least), (last, most) = own[0], own[-1]
    if last <= first or least <= 0:
        return f"{stage} not known"
    return f"{stage} x {10 ** (np.log10(most / least) / np.log10(last / first)):.2f}"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB


def _server_memory(context: ExperimentContext) -> float | None:
    """Return the resident memory of the embedded server; None where another server is used."""
    from persona_db.graph.server.lifecycle import ensure_running

    if context.graph.settings.neo4j_uri is not None:
        return None
    return psutil.Process(ensure_running(context.graph.settings).pid).memory_info().rss / _MB
