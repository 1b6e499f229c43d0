"""Facts: how well distilled and induced facts predict the person's other answers.

With a language model, also whether it confirms by its sources the facts that it refined of some of the people.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, get_args

import numpy as np

from persona_db.chains.fit.snapshot import until
from persona_db.chains.language.outputs import VerdictName
from persona_db.chains.refinement.history_reader import HistoryReader
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.evals.experiments.result import ExperimentResult, Measured, Plot, Row
from persona_db.evals.experiments.run import ExperimentRun
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.evals.measures import sample_of

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "facts"
QUESTION = "Do distilled and induced facts predict what the person answers elsewhere?"

_LAYERS = ("distilled", "induced", "cache", "history")
_LEAST = 20
_SHOWN = 10
_CHECKED_USERS, _QUICK_USERS = 20, 3
_VERDICTS: tuple[str, ...] = get_args(VerdictName)


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict from one layer alone, from nothing, and from the induced facts of somebody else (a control).

    Then each induced fact by itself, where it is the most relevant one: the share of answers on the side of the
    middle that it points to, among answers that are not in the middle. Half is chance. A language model refines some of
    the tested people, and then checks each fact against its sources.
    """
    experiment = ExperimentRun(context, NAME, QUESTION)
    nothing = experiment.cell(
        "nothing", {}, context.tests, partial(context.base.predict, "no-join", context.tests, size=0)
    )
    for layer in _LAYERS:
        experiment.cell(
            f"{layer} alone", {}, context.tests,
            partial(context.base.predict, "no-join", context.tests, recall={"layers": frozenset({layer})}),
        )  # fmt: skip
    experiment.cell("somebody else's induced", {}, context.tests, partial(_of_others, context))
    found = experiment.result(
        contrasts=[*((f"{layer} alone", "nothing") for layer in _LAYERS), ("somebody else's induced", "nothing")],
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"), arms=_bars())],
    )
    rows = _one_by_one(context, nothing)
    shown = rows if len(rows) <= 2 * _SHOWN else [*rows[:_SHOWN], *rows[-_SHOWN:]]
    right = sum(float(row.measures["right side"].value or 0) * row.n for row in rows)
    total = sum(row.n for row in rows)
    notes = [
        f"Single induced facts, {total:,} times the most relevant one: the answer is on the side it points to in "
        f"{right / total:.3f} (half is chance). {len(rows)} facts were so {_LEAST} times or more; the table has "
        "the best and the worst of them."
        if total
        else "No induced fact was the most relevant one often enough to be counted."
    ]
    checked = _checked(context)
    if checked:
        notes.append("A model's verdicts are its own, on its own facts: those of a small model mean little.")
    return found.model_copy(
        update={
            "rows": (*found.rows, *shown, *checked),
            "shown": (*found.shown, "right side", *(_VERDICTS if checked else ())),
            "notes": tuple(notes),
        }
    )


def _bars() -> tuple[str, ...]:
    return ("nothing", *(f"{layer} alone" for layer in _LAYERS), "somebody else's induced")


def _of_others(context: ExperimentContext) -> list[Outcome]:
    """Predict each test from the induced facts of another user, drawn among those who have not answered it."""
    rng = np.random.default_rng(context.settings.seed)
    known = {(item.user, item.question) for item in context.records.items}
    users = context.records.users
    asked: list[TestItem] = []
    for test in context.tests:
        drawn = (users[index] for index in rng.permutation(len(users)).tolist())
        other = next((one for one in drawn if one != test.user and (one, test.question) not in known), users[0])
        asked.append(test.model_copy(update={"user": other}))
    distinct = list({(one.user, one.question): one for one in asked}.values())
    made = context.base.predict("no-join", distinct, recall={"layers": frozenset({"induced"})})
    by_pair = {(one.user, one.question): one for one in made}
    return [
        by_pair[one.user, one.question].model_copy(update={"user": test.user, "truth": test.option})
        for one, test in zip(asked, context.tests, strict=True)
    ]


def _one_by_one(context: ExperimentContext, nothing: list[Outcome]) -> list[Row]:
    """Return a row for each induced fact: how often the answer lies on the side it points to, best first.

    A fact counts where it is the most relevant one. The middle is the prediction from *nothing*.
    """
    settings = RecallSettings(size=1, ratio=0.0, top_k=0, layers=frozenset({"induced"}))
    recalled = context.base.recalled(context.tests, settings)
    alone = [
        outcome_of("alone", test, made.probabilities) for test, (_, made) in zip(context.tests, recalled, strict=True)
    ]
    before, after = sample_of(nothing, ranks=context.ranks), sample_of(alone, ranks=context.ranks)
    hits: dict[str, list[bool]] = defaultdict(list)
    for index, (read, _) in enumerate(recalled):
        truth, middle, pointed = before.true_rank[index], before.expected_rank[index], after.expected_rank[index]
        if read.items and before.on_scale[index] and middle not in (truth, pointed):
            hits[str(read.items[0].key)].append(bool((truth > middle) == (pointed > middle)))
    keys = context.base.keys()
    rows = [
        Row(
            arm=f"fact: {keys[key].name if key in keys else key}",
            n=len(right),
            measures={"right side": Measured(value=float(np.mean(right)), ci95=_wilson(sum(right), len(right)))},
        )
        for key, right in hits.items()
        if len(right) >= _LEAST
    ]
    return sorted(rows, key=lambda row: (-float(row.measures["right side"].value or 0), row.arm))


def _checked(context: ExperimentContext) -> list[Row]:
    """Return the model's verdicts on its own facts of some tested people; no row without a model."""
    model = context.model
    if model is None:
        return []
    from persona_db.chains.language.call import Budget
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.grounding import verify
    from persona_db.chains.language.scheduler import refine_people

    users = list(dict.fromkeys(test.user for test in context.tests))
    users = users[: _QUICK_USERS if context.settings.quick else _CHECKED_USERS]
    histories = HistoryReader(context.graph, context.base.dataset, as_of=until(None), embedder=None).histories(users)
    budget = Budget(budget_usd=context.settings.budget_usd)
    made = refine_people(LanguageEngine(model, context.embedder), histories, budget=budget)
    personas = sorted((one.persona for one in made if one.persona is not None), key=lambda persona: persona.user)
    verdicts: dict[str, list[str | None]] = defaultdict(list)
    for one in verify(model, personas, budget=budget):
        verdicts[one.fact.layer].append(one.verdict)
    rows = []
    for layer, given in sorted(verdicts.items()):
        shares = {
            verdict: Measured(value=given.count(verdict) / len(given), ci95=_wilson(given.count(verdict), len(given)))
            for verdict in _VERDICTS
        }
        rows.append(Row(arm=f"{model.name}'s {layer} facts", n=len(given), measures=shares))
    return rows


def _wilson(hits: int, n: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)
