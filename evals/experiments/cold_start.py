"""ColdStartUsers start: people of whom little is known (paper table 2)."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.cold_start_users import KNOWN, ColdStartUsers
from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from persona_db.evals.experiments.context import ExperimentContext
    from persona_db.evals.items import Outcome

__all__ = ["NAME", "QUESTION", "run"]

NAME = "cold-start"
QUESTION = "What helps with people of whom little is known: their demographics, their few answers, or the JOIN?"

_KNOWN = KNOWN[:-1]
_QUICK = (0, 2, 5, 20)
_WITHOUT_GROUPS = frozenset({"history", "distilled", "induced"})


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict at every number of known answers.

    All arms know the same population, and `JOIN` knows the same of the person as `own + demographics`.
    """
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("known",))
    cold = context.once(ColdStartUsers)
    groups = cache(partial(cold.baseline, "boosted-groups", 0))  # it reads no own answer
    for known in _QUICK if context.settings.quick else _KNOWN:
        axes: dict[str, str | float] = {"known": known}
        arms: dict[str, Callable[[], list[Outcome]]] = {
            "JOIN": partial(cold.predict, "persona-db", known),
            "own + demographics": partial(cold.predict, "no-join", known),
            "demographics": partial(cold.predict, "demographics", known),
            "own": partial(cold.predict, "no-join", known, recall={"layers": _WITHOUT_GROUPS}),
            "matrix-factorisation": partial(cold.baseline, "matrix-factorisation", known),
            "boosted-groups": groups,
        }
        for arm, made in arms.items():
            experiment.cell(arm, axes, cold.tests, made)
    return experiment.result(
        contrasts=[
            ("JOIN", "own + demographics"),
            ("JOIN", "matrix-factorisation"),
            ("own + demographics", "demographics"),
            ("boosted-groups", "demographics"),
            ("own + demographics", "own"),
        ],
        shown=("accuracy", "spearman", "pearson", "items"),
        plots=[Plot(kind="lines", x="known", measures=("accuracy", "spearman"))],
    )
