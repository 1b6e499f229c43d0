"""Layers: what each layer of the persona, and each kind of key, adds (paper table 1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from persona_db.chains.fit.settings import EngineSettings
from persona_db.evals.arms import FIT_ARMS
from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

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


def run(lab: Lab) -> Finding:
    """Leave a layer out of what is recalled (`-items`), or of the graph altogether with the keys that rest on it.

    Those left out altogether are Fits of their own. A kind of key that is left out takes its facts with it only
    where they rest on it alone: the induced facts on trait keys.
    """
    trial = Trial(lab, NAME, QUESTION)
    trial.cell("persona-db", {}, lab.tests, partial(lab.base.predict, "persona-db", lab.tests))
    for arm, layers in _FROM_RECALL.items():
        trial.cell(arm, {}, lab.tests, partial(lab.base.predict, "persona-db", lab.tests, recall={"layers": layers}))
    for arm, engine in _EVERYWHERE.items():
        population = lab.base.refitted(engine)
        trial.cell(arm, {}, lab.tests, partial(population.predict, "persona-db", lab.tests))
    plain = [person.model_copy(update={"attributes": {}}) for person in lab.records.people]
    nobody = lab.population("no demographics", replace(lab.records, people=tuple(plain)))
    trial.cell("no demographic keys", {}, lab.tests, partial(nobody.predict, "persona-db", lab.tests))
    arms = [*_FROM_RECALL, *_EVERYWHERE, "no demographic keys"]
    return trial.finding(
        contrasts=[("persona-db", arm) for arm in arms],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
    )
