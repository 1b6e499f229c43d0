"""Layers: what each layer of the persona and each kind of key adds (paper table 1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from persona_db.chains.fit.settings import EngineSettings
from persona_db.evals.arms import FIT_ARMS
from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "layers"
QUESTION = "What do distilled and induced facts add, and each kind of key?"

_FROM_RECALL = {
    "no-distilled-items": frozenset({"history", "induced", "cache"}),
    "no-induced-items": frozenset({"history", "distilled", "cache"}),
    "no-history-items": frozenset({"distilled", "induced", "cache"}),
}
_EVERYWHERE = {
    **FIT_ARMS,
    "no stance keys": EngineSettings(stances_held=0),
    "no trait keys": EngineSettings(traits_held=0),
}


def run(context: ExperimentContext) -> ExperimentResult:
    """Exclude a layer from recall (`-items`), or from the graph with the keys that rest on it.

    Each layer excluded from the graph is a Fit of its own. Excluding a kind of key excludes only facts that rest on it
    alone: the induced facts on trait keys.
    """
    experiment = ExperimentRun(context, NAME, QUESTION)
    experiment.cell("persona-db", {}, context.tests, partial(context.base.predict, "persona-db", context.tests))
    for arm, layers in _FROM_RECALL.items():
        experiment.cell(
            arm,
            {},
            context.tests,
            partial(context.base.predict, "persona-db", context.tests, recall={"layers": layers}),
        )
    for arm, engine in _EVERYWHERE.items():
        population = context.base.refitted(engine)
        experiment.cell(arm, {}, context.tests, partial(population.predict, "persona-db", context.tests))
    plain = [person.model_copy(update={"attributes": {}}) for person in context.records.people]
    nobody = context.population("no demographics", replace(context.records, people=tuple(plain)))
    experiment.cell("no demographic keys", {}, context.tests, partial(nobody.predict, "persona-db", context.tests))
    arms = [*_FROM_RECALL, *_EVERYWHERE, "no demographic keys"]
    return experiment.result(
        contrasts=[("persona-db", arm) for arm in arms],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
    )
