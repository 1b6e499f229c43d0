"""How well each arm predicts subgroups: people with the same value of an attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from pydantic import Field

from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.bootstrap import bootstrap
from persona_db.evals.measures import Sample, accuracy, spearman
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model

__all__ = ["LEAST_USERS", "Subgroup", "SubgroupArm", "groups_of", "subgroups_of"]

LEAST_USERS = 30
"""Least tested users of a subgroup: the interval of a smaller one would say nothing."""

_MEASURES = (accuracy.MEASURE, spearman.MEASURE)


class SubgroupArm(Model):
    """How well one arm predicts these people; a measure is None where it is not defined."""

    accuracy: float | None
    spearman: float | None
    ci95: dict[str, tuple[float, float] | None] = Field(description="Measure -> its 95 % interval.")


class Subgroup(Model):
    """The people with one value, and each arm's measures on their items alone."""

    users: int
    n: int = Field(description="Items of these users.")
    arms: dict[str, SubgroupArm]


def groups_of(answers: AnswerMatrix, attribute: str) -> dict[str, str]:
    """Return the attribute's value of every user who has one; ConfigError where nobody has."""
    found: dict[str, str] = {}
    for column, name in enumerate(answers.demographic_names):
        of, _, value = name.partition("=")
        if of == attribute:
            found.update((answers.users[row], value) for row in np.flatnonzero(answers.demographics[:, column]))
    if not found:
        there = sorted({name.partition("=")[0] for name in answers.demographic_names})
        raise ConfigError(f"nobody has the attribute {attribute!r}; there are {', '.join(there) or 'none'}")
    return found


def subgroups_of(
    samples: Mapping[str, Sample],
    *,
    users: tuple[str, ...],
    groups: Mapping[str, str],
    seed: int,
    draws: int,
    questions_too: bool = False,
) -> dict[str, Subgroup]:
    """Return value -> its subgroup, sorted by value, for values of at least 30 tested users.

    *users* are the ids in the order of the samples' numbers. Draws resample the subgroup's users, the same for all
    arms, and with *questions_too* questions as well.
    """
    sizes = Counter(groups[user] for user in users if user in groups)
    first = next(iter(samples.values()))
    made: dict[str, Subgroup] = {}
    for value in sorted(value for value, size in sizes.items() if size >= LEAST_USERS):
        belongs = np.array([groups.get(user) == value for user in users])
        items = np.flatnonzero(belongs[first.users])
        parts = {arm: sample.taken(items) for arm, sample in samples.items()}
        resampled = bootstrap(parts, seed=seed, draws=draws, measures=_MEASURES, questions_too=questions_too)
        arms = {}
        for arm in samples:
            estimates = {measure.name: resampled.estimate(arm, measure.name) for measure in _MEASURES}
            arms[arm] = SubgroupArm.model_validate(
                {name: one.value for name, one in estimates.items()}
                | {"ci95": {name: one.ci95 for name, one in estimates.items()}}
            )
        made[value] = Subgroup(users=sizes[value], n=len(items), arms=arms)
    return made
