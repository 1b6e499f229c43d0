"""Retrieval size: with the JOIN and without, by number of slots (paper table 3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "retrieval-size"
QUESTION = "How many recalled items does a prediction need, with the JOIN and without?"

_SIZES = (5, 10, 20, 30, 40, 80)
_QUICK = (5, 10, 40)
_ARMS = ("persona-db", "no-join", "history", "recency")


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict at every size r; `full-history` has no size, and is the same line at all of them."""
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("size",))
    sizes = _QUICK if context.settings.quick else _SIZES
    full_history = None
    for size in sizes:
        for arm in _ARMS:
            experiment.cell(
                arm, {"size": size}, context.tests, partial(context.base.predict, arm, context.tests, size=size)
            )
        if full_history is None:
            full_history = experiment.cell(
                "full-history",
                {"size": size},
                context.tests,
                partial(context.base.predict, "full-history", context.tests),
            )
        else:
            experiment.put("full-history", {"size": size}, full_history)
    return experiment.result(
        contrasts=[("persona-db", "no-join"), ("persona-db", "history"), ("persona-db", "full-history")],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="lines", x="size", measures=("accuracy", "spearman"))],
    )
