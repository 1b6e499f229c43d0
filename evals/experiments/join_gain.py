"""Join gain: the JOIN on and off over how little is known of a person, and how many items a prediction may read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.cold import KNOWN
from persona_db.evals.experiments.finding import Finding, Measured, Plot, Row
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "join-gain"
QUESTION = "Where does the JOIN help: with sparse people, with few places, or with both?"

_SIZES = (5, 10, 20, 40)
_QUICK_SIZES = (10, 40)
_QUICK_KNOWN = (0, 5, 40)
_GAIN = "gain of the JOIN"


def run(lab: Lab) -> Finding:
    """Predict with so many known answers and places, with the JOIN and without."""
    trial = Trial(lab, NAME, QUESTION, axes=("known", "size"))
    for known in _QUICK_KNOWN if lab.settings.quick else KNOWN:
        for size in _QUICK_SIZES if lab.settings.quick else _SIZES:
            for arm in ("persona-db", "no-join"):
                axes: dict[str, str | float] = {"known": known, "size": size}
                trial.cell(arm, axes, lab.cold.tests, partial(lab.cold.predict, arm, known, size=size))
    found = trial.finding(contrasts=[("persona-db", "no-join")])
    gains = tuple(
        Row(arm=_GAIN, axes=one.axes, n=found.tests, measures=_gains(one.measures)) for one in found.contrasts
    )
    plot = Plot(kind="heat", x="known", y="size", arms=(_GAIN,), measures=("accuracy", "spearman"))
    return found.model_copy(update={"rows": (*found.rows, *gains), "plots": (plot,)})


def _gains(measures: dict[str, Measured]) -> dict[str, Measured]:
    return {name: measures[name] for name in ("accuracy", "spearman")}
