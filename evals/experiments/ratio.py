"""Ratio: the best share of slots for borrowed items (paper figure 4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "ratio"
QUESTION = "What share of the slots should be borrowed, and is it collaborators' items or key summaries that help?"

_SIZES = (5, 10, 20, 40)
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_QUICK_SIZES = (10, 40)
_QUICK_SHARES = (0.0, 0.4, 1.0)
_KINDS = {"collaborators' items": 0.0, "key summaries": 1.0}


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict at every size and ratio, with collaborators' items alone and with key summaries alone."""
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("size", "ratio"))
    for size in _QUICK_SIZES if context.settings.quick else _SIZES:
        for ratio in _QUICK_SHARES if context.settings.quick else _SHARES:
            axes: dict[str, str | float] = {"size": size, "ratio": ratio}
            if ratio == 0:
                own = experiment.cell(
                    "own items", axes, context.tests, partial(context.base.predict, "no-join", context.tests, size=size)
                )
                for kind in _KINDS:
                    experiment.put(kind, axes, own)
                continue
            for kind, summaries in _KINDS.items():
                experiment.cell(
                    kind, axes, context.tests,
                    partial(
                        context.base.predict, "persona-db", context.tests, size=size, ratio=ratio,
                        recall={"summaries": summaries},
                    ),
                )  # fmt: skip
    return experiment.result(
        contrasts=[("key summaries", "collaborators' items")],
        plots=[
            Plot(kind="heat", x="size", y="ratio", arms=tuple(_KINDS), measures=("accuracy", "spearman")),
        ],
    )
