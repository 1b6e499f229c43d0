"""Intervals of measures, and of their differences between arms, by resampling users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from persona_db.evals.measures import MEASURES, Measure, Sample
from persona_db.evals.measures.measure import totals_of
from persona_db.evals.measures.sample import Floats, Indices
from persona_db.graph.errors import ConfigError

__all__ = ["DRAWS", "Estimate", "Resampled", "bootstrap"]

DRAWS = 2_000

_CHUNK = 200
"""Draws whose item weights are in memory at once, where every item has a weight of its own."""


@dataclass(frozen=True)
class Estimate:
    """A value of the full sample with its 95 % interval; None where it is not defined."""

    value: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Resampled:
    """Every measure of every arm: its value, and its values in the draws, which all arms share."""

    values: Mapping[str, Mapping[str, float]]
    """arm -> measure -> value of the full sample, NaN where it is not defined."""
    draws: Mapping[str, Mapping[str, Floats]]

    def estimate(self, arm: str, measure: str) -> Estimate:
        """Return the arm's measure with its interval."""
        return _estimate(self.values[arm][measure], self.draws[arm][measure])

    def difference(self, arm: str, other: str, measure: str) -> Estimate:
        """Return the measure of *arm* less that of *other*, with the interval of the differences within draws."""
        return _estimate(
            self.values[arm][measure] - self.values[other][measure],
            self.draws[arm][measure] - self.draws[other][measure],
        )

    def ratio(self, arm: str, other: str, measure: str) -> Estimate:
        """Return the measure of *arm* over that of *other*, likewise; None where the other is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(np.divide(self.values[arm][measure], self.values[other][measure]))
            draws = np.asarray(self.draws[arm][measure] / self.draws[other][measure])
        if not np.isfinite(value):
            return Estimate(None, None)
        return _estimate(value, np.where(np.isfinite(draws), draws, np.nan))


def bootstrap(
    samples: Mapping[str, Sample],
    *,
    seed: int,
    draws: int = DRAWS,
    measures: Sequence[Measure] = MEASURES,
    questions_too: bool = False,
) -> Resampled:
    """Return the measures of each arm's sample and their distribution over *draws* resamples of the users.

    A draw takes as many users as there are, with replacement, and all items of each as often as the user was taken;
    every arm is measured on the same draws (the paired percentile bootstrap: Efron and Tibshirani 1993, chapter 13).
    With *questions_too*, questions are drawn in the same way, and an item's weight is its user's times its question's:
    this is for tests of questions that nobody had answered. Rank correlations keep the ranks of the full sample.
    """
    arms = list(samples)
    if not arms or len(samples[arms[0]]) == 0:
        raise ConfigError("nothing was predicted, so that there is nothing to measure")
    first = samples[arms[0]]
    for arm in arms[1:]:
        other = samples[arm]
        same = len(other) == len(first) and all(
            np.array_equal(a, b)
            for a, b in ((other.users, first.users), (other.questions, first.questions), (other.truth, first.truth))
        )
        if not same:
            raise ConfigError(f"arms {arms[0]!r} and {arm!r} are of other items, or in another order")
    rng = np.random.default_rng(seed)
    users = _weights(first.users, draws, rng)
    questions = _weights(first.questions, draws, rng) if questions_too else None
    values: dict[str, dict[str, float]] = {arm: {} for arm in arms}
    drawn: dict[str, dict[str, Floats]] = {arm: {} for arm in arms}
    for arm, sample in samples.items():
        for measure in measures:
            total, *parts = _totals(measure, sample, users, questions)
            values[arm][measure.name] = float(measure.fold(total)[0])
            drawn[arm][measure.name] = np.concatenate([measure.fold(part) for part in parts])
    return Resampled(values, drawn)


def _weights(groups: Indices, draws: int, rng: np.random.Generator) -> Floats:
    """Return draws x groups: how often each was drawn."""
    count = int(groups.max()) + 1
    return rng.multinomial(count, np.full(count, 1.0 / count), size=draws).astype(np.float64)


def _totals(measure: Measure, sample: Sample, users: Floats, questions: Floats | None) -> Iterator[Floats]:
    """Yield the totals of the full sample (one row), then those of the draws, in chunks."""
    from scipy.sparse import csr_array

    numbers = measure.numbers(sample)
    yield totals_of(numbers)
    if questions is None:
        size = len(sample)
        of_user = csr_array((np.ones(size), (sample.users, np.arange(size))), shape=(users.shape[1], size))
        yield totals_of(of_user @ numbers, users)
        return
    for start in range(0, len(users), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        yield totals_of(numbers, users[chunk, sample.users] * questions[chunk, sample.questions])


def _estimate(value: float, draws: Floats) -> Estimate:
    defined = draws[~np.isnan(draws)]
    if np.isnan(value) or len(defined) == 0:
        return Estimate(None, None)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value, (float(low), float(high)))
