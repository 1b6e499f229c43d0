"""Top-k: the best number of collaborators to borrow from (the paper's first open question)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "top-k"
QUESTION = "From how many collaborators should be borrowed, and does it depend on the number of slots?"

_TOP_K = (1, 5, 10, 20, 40, 100, 200)
_QUICK = (1, 20, 100)
_SIZES = (10, 40)


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict at every K, with the usual borrowed items and with collaborators' items alone; summaries have no K."""
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("size", "top_k"))
    for size in _SIZES:
        own = None
        for top_k in _QUICK if context.settings.quick else _TOP_K:
            axes: dict[str, str | float] = {"size": size, "top_k": top_k}
            for arm, recall in (("persona-db", {}), ("collaborators' items", {"summaries": 0.0})):
                experiment.cell(
                    arm, axes, context.tests,
                    partial(context.base.predict, "persona-db", context.tests, size=size, top_k=top_k, recall=recall),
                )  # fmt: skip
            if own is None:
                own = experiment.cell(
                    "no-join", axes, context.tests, partial(context.base.predict, "no-join", context.tests, size=size)
                )
            else:
                experiment.put("no-join", axes, own)
    return experiment.result(
        contrasts=[("persona-db", "no-join"), ("collaborators' items", "no-join")],
        plots=[Plot(kind="lines", x="top_k", panel="size", measures=("accuracy", "spearman"))],
    )
