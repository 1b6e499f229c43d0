"""Cold start: people of whom little is known (paper table 2)."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.cold import KNOWN
from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from persona_db.evals.experiments.lab import Lab
    from persona_db.evals.items import Outcome

__all__ = ["NAME", "QUESTION", "run"]

NAME = "cold-start"
QUESTION = "What helps with people of whom little is known: their demographics, their few answers, or the JOIN?"

_KNOWN = KNOWN[:-1]
_QUICK = (0, 2, 5, 20)
_SAID = frozenset({"history", "distilled", "induced"})


def run(lab: Lab) -> Finding:
    """Predict with so many known answers; all arms know the same population, and `JOIN` the same of the person as
    `own + demographics`.
    """
    trial = Trial(lab, NAME, QUESTION, axes=("known",))
    cold = lab.cold
    groups = cache(partial(cold.peer, "boosted-groups", 0))  # no own answer takes part: the same whatever is known
    for known in _QUICK if lab.settings.quick else _KNOWN:
        axes: dict[str, str | float] = {"known": known}
        arms: dict[str, Callable[[], list[Outcome]]] = {
            "JOIN": partial(cold.predict, "persona-db", known),
            "own + demographics": partial(cold.predict, "no-join", known),
            "demographics": partial(cold.predict, "demographics", known),
            "own": partial(cold.predict, "no-join", known, recall={"layers": _SAID}),
            "matrix-factorisation": partial(cold.peer, "matrix-factorisation", known),
            "boosted-groups": groups,
        }
        for arm, made in arms.items():
            trial.cell(arm, axes, cold.tests, made)
    return trial.finding(
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
