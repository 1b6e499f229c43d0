"""Robustness: what hostile people among the population do to predictions for honest ones (open question 3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from persona_db.chains.fit.settings import EngineSettings
from persona_db.evals.bootstrap import bootstrap
from persona_db.evals.experiments.finding import Axes, Contrast, Finding, Plot
from persona_db.evals.experiments.hostile import KINDS, Hostile
from persona_db.evals.experiments.trial import DRAWS, Trial, contrast
from persona_db.evals.items import Outcome
from persona_db.evals.measures import sample_of

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab, Population
    from persona_db.evals.experiments.records import Records

__all__ = ["NAME", "QUESTION", "run"]

NAME = "robustness"
QUESTION = "What do hostile people among the others cost the honest ones, with defences and without?"

_SHARES = (0, 5, 10, 20, 40)
_QUICK = (0, 20)
_PEOPLE = 500
_PEOPLE_QUICKLY = 250
_ENGINES: Mapping[str, EngineSettings] = MappingProxyType(
    {"defended": EngineSettings(), "undefended": EngineSettings(copies=0, most_noise=0, most_surprise=0)}
)
_ALONE = {arm: f"{arm}, no JOIN" for arm in _ENGINES}


def run(lab: Lab) -> Finding:
    """Add hostile people until they are so many of a hundred, learn from all, and predict for the honest ones.

    The loss is against the same arm without any of them, on the same tests.
    """
    trial = Trial(lab, NAME, QUESTION, axes=("kind", "share"))
    honest = _honest(lab)
    hostile = Hostile(honest, seed=lab.settings.seed)
    seen: dict[tuple[str, int, str], list[Outcome]] = {}
    left_out: list[str] = []
    for kind in KINDS:
        for share in _QUICK if lab.settings.quick else _SHARES:
            axes: Axes = {"kind": kind, "share": share}
            if share == 0 and kind != next(iter(KINDS)):
                for arm in (*_ENGINES, *_ALONE.values()):
                    seen[kind, share, arm] = seen[next(iter(KINDS)), 0, arm]
                    trial.put(arm, axes, seen[kind, share, arm])
                continue
            count = round(len(honest.users) * share / (100 - share))
            records = hostile.records(kind, count)
            everybody = lab.population(f"{kind} {share}", records, engine=_ENGINES["defended"])
            for arm, engine in _ENGINES.items():
                population = everybody if arm == "defended" else everybody.refitted(engine)
                for name, what in ((arm, "persona-db"), (_ALONE[arm], "no-join")):
                    seen[kind, share, name] = trial.cell(
                        name, axes, lab.tests, partial(population.predict, what, lab.tests)
                    )
                if population.refined is not None and arm == "defended":
                    left_out.append(_told(kind, share, count, population))
            everybody.close()
    losses = _losses(lab, seen)
    found = trial.finding(
        contrasts=[("defended", "undefended"), ("defended", "defended, no JOIN")],
        shown=("accuracy", "spearman"),
        plots=[Plot(kind="lines", x="share", panel="kind", measures=("accuracy",), arms=tuple(_ENGINES))],
        notes=(_worst(losses), *left_out),
    )
    return found.model_copy(update={"contrasts": (*found.contrasts, *losses)})


def _honest(lab: Lab) -> Records:
    """The tested users, and others up to the number that the experiment takes."""
    tested = list(dict.fromkeys(test.user for test in lab.tests))
    most = _PEOPLE_QUICKLY if lab.settings.quick else _PEOPLE
    others = [user for user in lab.records.users if user not in set(tested)]
    order = np.random.default_rng(lab.settings.seed).permutation(len(others))[: max(most - len(tested), 0)]
    return lab.records.of({*tested, *(others[place] for place in order.tolist())})


def _losses(lab: Lab, seen: Mapping[tuple[str, int, str], list[Outcome]]) -> list[Contrast]:
    """Each arm with hostile people less the same without, with the paired interval."""
    made = []
    for (kind, share, arm), outcomes in seen.items():
        if share == 0 or arm not in _ENGINES:
            continue
        before = f"{arm} without them"
        samples = {
            arm: sample_of(outcomes, ranks=lab.ranks),
            before: sample_of(seen[kind, 0, arm], ranks=lab.ranks),
        }
        resampled = bootstrap(samples, seed=lab.settings.seed, draws=DRAWS)
        made.append(contrast(resampled, arm, before, axes={"kind": kind, "share": share}))
    return made


def _worst(losses: list[Contrast]) -> str:
    """Say what a fifth of hostile people cost at most."""
    told = []
    for arm in _ENGINES:
        at_fifth = [one for one in losses if one.arm == arm and one.axes["share"] == 20]
        lost = {str(one.axes["kind"]): -(one.measures["accuracy"].value or 0.0) for one in at_fifth}
        if lost:
            worst = max(lost, key=lambda kind: lost[kind])
            told.append(f"{arm} {lost[worst]:.4f} ({worst})")
    return f"Most accuracy lost with 20 % hostile people: {', '.join(told)}."


def _told(kind: str, share: int, count: int, population: Population) -> str:
    """Say who was left out."""
    refined = population.refined
    out = refined.left_out if refined is not None else {}
    reasons = ", ".join(f"{users:,} as {reason}" for reason, users in out.items()) or "nobody"
    return f"Left out, {kind} {share} % ({count:,} hostile people): {reasons}."
