"""The result of an evaluation: one object for `--json`, computed from each arm's outcomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue, create_model

from persona_db.evals.bootstrap import DRAWS, Estimate, Resampled, bootstrap
from persona_db.evals.items import Outcome, RunHeader
from persona_db.evals.measures import MEASURES, Sample, sample_of
from persona_db.evals.retest import AGAIN, Retest, retest_of
from persona_db.evals.small_samples import draws_questions, small_sample_warnings
from persona_db.evals.subgroups import Subgroup, subgroups_of
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model

__all__ = ["ArmCost", "ArmReport", "Difference", "Report", "report_of"]

Interval = tuple[float, float]


class ArmCost(Model):
    """What an arm cost besides its items."""

    seconds: float = Field(default=0.0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0)
    calls: int = Field(default=0, ge=0)
    cached: int = Field(default=0, ge=0)


class _Counted(Model):
    n: int = Field(description="Items predicted, missing and unparsable predictions among them.")


if TYPE_CHECKING:

    class _Measured(_Counted):
        def __getattr__(self, measure: str) -> float | None: ...

else:
    _Measured = create_model(
        "_Measured",
        __base__=_Counted,
        **{measure.name: (float | None, Field(description=measure.sentence)) for measure in MEASURES},
    )


class ArmReport(_Measured):
    """How well one arm predicted: a field for each of `MEASURES`, None where the measure is not defined."""

    ci95: dict[str, Interval | None] = Field(description="Measure -> its 95 % interval.")
    off_scale: int = Field(description="Items whose true answer is off its scale: correlations exclude them.")
    unparsed: int
    abstained: int
    items_per_prediction: float
    tokens_per_prediction: float
    seconds: float
    cost_usd: float
    calls: int = Field(default=0, description="Calls of a language model that were made.")
    cached: int = Field(default=0, description="Calls that the cache answered, for nothing.")
    said: dict[str, int] = Field(default_factory=dict, description="Kind of a language model's reply -> how many.")


class Difference(Model):
    """A measure of one arm less that of another on the same items, with its paired 95 % interval."""

    mean: float | None
    ci95: Interval | None


class Report(Model):
    """What `evaluate --json` prints."""

    dataset: str
    split: str
    users: int
    questions: int = Field(description="Distinct ones among the tests.")
    tests: int
    warnings: tuple[str, ...] = Field(description="Small-sample warnings: few questions or users, new questions.")
    settings: dict[str, JsonValue] = Field(
        description="With the seed, the data's hashes, and the command to repeat it."
    )
    arms: dict[str, ArmReport]
    differences: dict[str, dict[str, Difference]] = Field(description="'A-B' -> measure -> A less B.")
    subgroups: dict[str, Subgroup] = Field(
        default_factory=dict, description="'ATTRIBUTE=value' -> those people; with `--by` only."
    )
    retest: Retest | None = Field(default=None, description="Items answered again; with `--again` only.")

    @property
    def command(self) -> str:
        """The command that reproduces it."""
        return str(self.settings["command"])


def report_of(
    header: RunHeader,
    outcomes: Mapping[str, Sequence[Outcome]],
    *,
    marginal: Sequence[Outcome] | None = None,
    costs: Mapping[str, ArmCost] | None = None,
    pairs: Iterable[tuple[str, str]] | None = None,
    draws: int = DRAWS,
    questions_too: bool | None = None,
) -> Report:
    """Return the report on *outcomes* (arm -> its outcomes, the same items in the same order for every arm).

    `gain_over_marginal` is over the outcomes *marginal*; by default those of the arm `marginal`, where it was run.
    *pairs* are the arms to compare; by default the first arm with every other. Intervals resample users, and questions
    too where *questions_too* or, by default, `small_samples.draws_questions` says so.
    Outcomes of `again` are the same people's second answers, and no arm.
    """
    again = outcomes.get(AGAIN)
    outcomes = {arm: made for arm, made in outcomes.items() if arm != AGAIN}
    if not outcomes or not all(outcomes.values()):
        raise ConfigError("nothing was predicted, so that there is nothing to report")
    arms = list(outcomes)
    compared = [(arms[0], other) for other in arms[1:]] if pairs is None else list(pairs)
    for arm in (arm for pair in compared for arm in pair):
        if arm not in outcomes:
            raise ConfigError(f"arm {arm!r} was not run; there are {', '.join(arms)}")
    base = outcomes.get("marginal") if marginal is None else marginal
    samples = {arm: sample_of(made, ranks=header.ranks, marginal=base) for arm, made in outcomes.items()}
    first = outcomes[arms[0]]
    if questions_too is None:
        questions_too = draws_questions(first, unanswered=header.unanswered)
    resampled = bootstrap(samples, seed=header.seed, draws=draws, questions_too=questions_too)
    users = tuple(sorted({outcome.user for outcome in first}))
    kinds = subgroups_of(
        samples, users=users, groups=header.groups, seed=header.seed, draws=draws, questions_too=questions_too
    )
    return Report(
        dataset=header.dataset,
        split=header.split,
        users=len(users),
        questions=len({outcome.question for outcome in first}),
        tests=len(first),
        warnings=small_sample_warnings(first, unanswered=header.unanswered),
        settings={
            **header.settings,
            "seed": header.seed,
            "draws": draws,
            "resampled": "users and questions" if questions_too else "users",
            "data": dict(header.data),
            "command": header.command,
        },
        arms={
            arm: _arm(arm, outcomes[arm], samples[arm], resampled, (costs or {}).get(arm, ArmCost())) for arm in arms
        },
        differences={
            f"{arm}-{other}": {
                measure.name: _difference(resampled.difference(arm, other, measure.name)) for measure in MEASURES
            }
            for arm, other in compared
        },
        subgroups={f"{header.by}={value}": subgroup for value, subgroup in kinds.items()},
        retest=None
        if again is None
        else retest_of(samples, first, again, ranks=header.ranks, seed=header.seed, draws=draws),
    )


def _arm(arm: str, outcomes: Sequence[Outcome], sample: Sample, resampled: Resampled, cost: ArmCost) -> ArmReport:
    estimates = {measure.name: resampled.estimate(arm, measure.name) for measure in MEASURES}
    n = len(outcomes)
    return ArmReport.model_validate(
        {
            "n": n,
            **{name: estimate.value for name, estimate in estimates.items()},
            "ci95": {name: estimate.ci95 for name, estimate in estimates.items()},
            "off_scale": n - int(sample.on_scale.sum()),
            "unparsed": sum(outcome.status == "unparsed" for outcome in outcomes),
            "abstained": sum(outcome.status == "abstained" for outcome in outcomes),
            "items_per_prediction": math.fsum(outcome.items for outcome in outcomes) / n,
            "tokens_per_prediction": math.fsum(outcome.tokens for outcome in outcomes) / n,
            "said": _said(outcomes) if cost.calls or cost.cached else {},
            **cost.model_dump(),
        }
    )


def _said(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return dict(sorted(Counter(outcome.said for outcome in outcomes).items()))


def _difference(estimate: Estimate) -> Difference:
    return Difference(mean=estimate.value, ci95=estimate.ci95)
