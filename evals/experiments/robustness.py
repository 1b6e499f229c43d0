"""Robustness: what adversarial people in the population cost honest ones (the paper's third open question)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from persona_db.chains.fit.settings import EngineSettings
from persona_db.evals.bootstrap import bootstrap
from persona_db.evals.experiments.adversarial import KINDS, AdversarialPeople
from persona_db.evals.experiments.result import Axes, Contrast, ExperimentResult, Plot
from persona_db.evals.experiments.run import DRAWS, ExperimentRun, contrast
from persona_db.evals.items import Outcome
from persona_db.evals.measures import sample_of

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext
    from persona_db.evals.experiments.population import Population
    from persona_db.evals.experiments.records import Records

__all__ = ["NAME", "QUESTION", "run"]

NAME = "robustness"
QUESTION = "What do adversarial people among the others cost the honest ones, with defences and without?"

_SHARES = (0, 5, 10, 20, 40)
_QUICK = (0, 20)
_PEOPLE = 500
_PEOPLE_QUICKLY = 250
_ENGINES: Mapping[str, EngineSettings] = MappingProxyType(
    {"defended": EngineSettings(), "undefended": EngineSettings(copies=0, most_noise=0, most_surprise=0)}
)
_ALONE = {arm: f"{arm}, no JOIN" for arm in _ENGINES}


def run(context: ExperimentContext) -> ExperimentResult:
    """Add adversarial people up to a share of the population, learn from all, and predict for the honest ones.

    The loss is against the same arm without adversarial people, on the same tests.
    """
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("kind", "share"))
    honest = _honest(context)
    adversarial = AdversarialPeople(honest, seed=context.settings.seed)
    seen: dict[tuple[str, int, str], list[Outcome]] = {}
    excluded: list[str] = []
    for kind in KINDS:
        for share in _QUICK if context.settings.quick else _SHARES:
            axes: Axes = {"kind": kind, "share": share}
            if share == 0 and kind != next(iter(KINDS)):
                for arm in (*_ENGINES, *_ALONE.values()):
                    seen[kind, share, arm] = seen[next(iter(KINDS)), 0, arm]
                    experiment.put(arm, axes, seen[kind, share, arm])
                continue
            count = round(len(honest.users) * share / (100 - share))
            records = adversarial.records(kind, count)
            everybody = context.population(f"{kind} {share}", records, engine=_ENGINES["defended"])
            for arm, engine in _ENGINES.items():
                population = everybody if arm == "defended" else everybody.refitted(engine)
                for name, what in ((arm, "persona-db"), (_ALONE[arm], "no-join")):
                    seen[kind, share, name] = experiment.cell(
                        name, axes, context.tests, partial(population.predict, what, context.tests)
                    )
                if population.refined is not None and arm == "defended":
                    excluded.append(_excluded(kind, share, count, population))
            everybody.close()
    losses = _losses(context, seen)
    found = experiment.result(
        contrasts=[("defended", "undefended"), ("defended", "defended, no JOIN")],
        shown=("accuracy", "spearman"),
        plots=[Plot(kind="lines", x="share", panel="kind", measures=("accuracy",), arms=tuple(_ENGINES))],
        notes=(_worst(losses), *excluded),
    )
    return found.model_copy(update={"contrasts": (*found.contrasts, *losses)})


def _honest(context: ExperimentContext) -> Records:
    """Return the tested users, and others up to the number that the experiment takes."""
    tested = list(dict.fromkeys(test.user for test in context.tests))
    most = _PEOPLE_QUICKLY if context.settings.quick else _PEOPLE
    others = [user for user in context.records.users if user not in set(tested)]
    order = np.random.default_rng(context.settings.seed).permutation(len(others))[: max(most - len(tested), 0)]
    return context.records.of({*tested, *(others[place] for place in order.tolist())})


def _losses(context: ExperimentContext, seen: Mapping[tuple[str, int, str], list[Outcome]]) -> list[Contrast]:
    """Return each arm with adversarial people less the same arm without, with the paired interval."""
    made = []
    for (kind, share, arm), outcomes in seen.items():
        if share == 0 or arm not in _ENGINES:
            continue
        before = f"{arm} without them"
        samples = {
            arm: sample_of(outcomes, ranks=context.ranks),
            before: sample_of(seen[kind, 0, arm], ranks=context.ranks),
        }
        resampled = bootstrap(samples, seed=context.settings.seed, draws=DRAWS)
        made.append(contrast(resampled, arm, before, axes={"kind": kind, "share": share}))
    return made


def _worst(losses: list[Contrast]) -> str:
    """Return a sentence on the largest loss with a fifth of adversarial people."""
    worst_of = []
    for arm in _ENGINES:
        at_fifth = [one for one in losses if one.arm == arm and one.axes["share"] == 20]
        lost = {str(one.axes["kind"]): -(one.measures["accuracy"].value or 0.0) for one in at_fifth}
        if lost:
            worst = max(lost, key=lambda kind: lost[kind])
            worst_of.append(f"{arm} {lost[worst]:.4f} ({worst})")
    return f"Most accuracy lost with 20 % adversarial people: {', '.join(worst_of)}."


def _excluded(kind: str, share: int, count: int, population: Population) -> str:
    """Return a sentence on who was excluded."""
    refined = population.refined
    out = refined.left_out if refined is not None else {}
    reasons = ", ".join(f"{users:,} as {reason}" for reason, users in out.items()) or "nobody"
    return f"Excluded, {kind} {share} % ({count:,} adversarial people): {reasons}."
