"""Ratio: what share of the places borrowed items should have (paper figure 4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "ratio"
QUESTION = "What share of the places should be borrowed, and is it collaborators' items or key summaries that help?"

_SIZES = (5, 10, 20, 40)
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_QUICK_SIZES = (10, 40)
_QUICK_SHARES = (0.0, 0.4, 1.0)
_KINDS = {"collaborators' items": 0.0, "key summaries": 1.0}


def run(lab: Lab) -> Finding:
    """Predict at every size and ratio, once with collaborators' items alone and once with key summaries alone."""
    trial = Trial(lab, NAME, QUESTION, axes=("size", "ratio"))
    for size in _QUICK_SIZES if lab.settings.quick else _SIZES:
        for ratio in _QUICK_SHARES if lab.settings.quick else _SHARES:
            axes: dict[str, str | float] = {"size": size, "ratio": ratio}
            if ratio == 0:
                own = trial.cell(
                    "own items", axes, lab.tests, partial(lab.base.predict, "no-join", lab.tests, size=size)
                )
                for kind in _KINDS:
                    trial.put(kind, axes, own)
                continue
            for kind, summaries in _KINDS.items():
                trial.cell(
                    kind, axes, lab.tests,
                    partial(
                        lab.base.predict, "persona-db", lab.tests, size=size, ratio=ratio,
                        recall={"summaries": summaries},
                    ),
                )  # fmt: skip
    return trial.finding(
        contrasts=[("key summaries", "collaborators' items")],
        plots=[
            Plot(kind="heat", x="size", y="ratio", arms=tuple(_KINDS), measures=("accuracy", "spearman")),
        ],
    )
