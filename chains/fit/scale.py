"""One question's options as a scale: base rates, standardised values, and the way back to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.normal import normal_distribution, normal_quantiles
from persona_db.graph.models import Question

__all__ = [
    "LEAST_PROBABILITY",
    "LEAST_VARIANCE",
    "Scale",
    "low_to_high",
    "off_scale_options",
    "on_scale",
    "option_ranks",
    "same_options",
    "widths",
]

LEAST_VARIANCE = 0.05
"""Of an estimate, however much is known."""


LEAST_PROBABILITY = 1e-4
"""Of an option, however unlikely."""


def _on_scale(options: int, ordinal: tuple[float | None, ...]) -> tuple[int, ...]:
    """Return the options on the scale, lowest first; a question that is not ordinal keeps its own order."""
    ranks = ordinal or tuple(float(i) for i in range(options))
    on_scale = [(rank, i) for i, rank in enumerate(ranks) if rank is not None]
    return tuple(i for _, i in sorted(on_scale))


def low_to_high(question: Question) -> NDArray[np.int64]:
    """Return all options of a question from low to high, those off the scale last."""
    on_scale = _on_scale(len(question.options), question.ordinal)
    return np.array([*on_scale, *sorted(set(range(len(question.options))) - set(on_scale))], dtype=np.int64)


def option_ranks(question: Question) -> tuple[float | None, ...]:
    """Return each option's rank on the question's scale, 0 to 1; None off the scale.

    Options of equal ordinal share a rank. A question that is not ordinal, or has a single ordinal, has no scale:
    all its options are off it.
    """
    ordinals = sorted({ordinal for ordinal in question.ordinal if ordinal is not None})
    if len(ordinals) < 2:
        return (None,) * len(question.options)
    rank = {ordinal: index / (len(ordinals) - 1) for index, ordinal in enumerate(ordinals)}
    return tuple(None if ordinal is None else rank[ordinal] for ordinal in question.ordinal)


def widths(question: Question) -> tuple[int, int]:
    """Return how many options a question has, and how many of them are on its scale."""
    return len(question.options), len(_on_scale(len(question.options), question.ordinal))


def same_options(options: Sequence[tuple[str, ...]]) -> NDArray[np.bool_]:
    """Return which questions have the very same options (questions x questions)."""
    codes = {texts: code for code, texts in enumerate(dict.fromkeys(options))}
    code = np.array([codes[texts] for texts in options])
    return np.asarray(code[:, None] == code[None, :])


@dataclass(frozen=True)
class Scale:
    """A latent normal scale cut at the base rates, as in ordered probit.

    `rates` sum to 1 over all options; `order` lists the options on the scale, lowest first. Options off the scale keep
    their base rate, whatever is known of a person.
    """

    rates: NDArray[np.float64]
    order: tuple[int, ...]

    @classmethod
    def of(cls, rates: NDArray[np.float64], ordinal: tuple[float | None, ...]) -> Scale:
        """Return the scale of a question; one that is not ordinal keeps the order of its options."""
        return cls(rates=rates, order=_on_scale(len(rates), ordinal))

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The standardised value of each option (mean 0, variance 1 over the base rates); NaN off the scale."""
        order = list(self.order)
        values = np.full(len(self.rates), np.nan)
        mass = self.rates[order]
        total = mass.sum()
        if len(order) < 2 or total <= 0:
            values[order] = 0.0
            return values
        mass = mass / total
        middle = np.cumsum(mass) - mass / 2
        raw = normal_quantiles(np.clip(middle, 1e-4, 1 - 1e-4))
        centred = raw - mass @ raw
        spread = np.sqrt(mass @ centred**2)
        values[order] = centred / spread if spread > 0 else 0.0
        return values

    @cached_property
    def rate_off(self) -> float:
        """The share of answers off the scale, from 0.0001 to 0.9999."""
        return float(np.clip(1 - self.rates[list(self.order)].sum(), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))

    @cached_property
    def log_odds_off(self) -> float:
        """The log odds of `rate_off`."""
        return float(np.log(self.rate_off / (1 - self.rate_off)))

    def with_off(self, probabilities: NDArray[np.float64], log_odds: float) -> NDArray[np.float64]:
        """Return *probabilities* with those of the options off the scale summing to a chance of that log odds.

        The options on the scale, and those off it, keep their proportions to each other.
        """
        off = np.ones(len(self.rates), dtype=bool)
        off[list(self.order)] = False
        chance = 1 / (1 + np.exp(-log_odds))
        made = np.where(off, self.rates, probabilities)
        for those, share in ((off, chance), (~off, 1 - chance)):
            made[those] *= share / max(made[those].sum(), 1e-12)
        made = np.maximum(made, LEAST_PROBABILITY)
        return np.asarray(made / made.sum())

    @cached_property
    def cuts(self) -> NDArray[np.float64]:
        """Where the latent variable is cut: between the options on the scale, from low to high."""
        mass = self.rates[list(self.order)]
        cumulative = np.cumsum(mass / mass.sum())[:-1] if mass.sum() > 0 else np.empty(0)
        return normal_quantiles(np.clip(cumulative, 1e-6, 1 - 1e-6))

    @cached_property
    def attenuation(self) -> float:
        """The correlation of the standardised value with the latent variable that it is cut from (Pearson 1913).

        >>> round(Scale.of(np.array([0.5, 0.5]), (0.0, 1.0)).attenuation, 3)
        0.798
        """
        values = self.values[list(self.order)]
        if not values.any():
            return 1.0
        ends = np.zeros(1)
        density = np.concatenate([ends, np.exp(-(self.cuts**2) / 2) / np.sqrt(2 * np.pi), ends])
        return float(-values @ np.diff(density))

    def distribution(
        self,
        mean: float | NDArray[np.float64],
        variance: float | NDArray[np.float64],
        *,
        spread: float = 1.0,
        disattenuation: float = 0.0,
    ) -> NDArray[np.float64]:
        """Return the probabilities of all options for a mean and variance of the standardised value; they sum to 1.

        *disattenuation* of 1 takes the mean for that of the latent variable, from which the value is cut and with which
        it correlates by `attenuation` alone; 0 leaves it as it is. Arrays of means and variances give a row each. Each
        option keeps at least 0.0001, so that every answer stays possible.
        """
        middle = np.asarray(mean, dtype=np.float64)[..., None] / self.attenuation**disattenuation
        result = np.broadcast_to(self.rates, (*middle.shape[:-1], len(self.rates))).copy()
        if len(self.order) < 2:
            return result
        deviation = spread * np.sqrt(np.maximum(variance, LEAST_VARIANCE))[..., None]
        ends = np.zeros_like(middle)
        below = np.concatenate([ends, normal_distribution((self.cuts - middle) / deviation), ends + 1], axis=-1)
        on_scale = list(self.order)
        result[..., on_scale] = np.diff(below) * self.rates[on_scale].sum()
        result = np.maximum(result, LEAST_PROBABILITY)
        return np.asarray(result / result.sum(axis=-1, keepdims=True), dtype=np.float64)


def off_scale_options(scales: Sequence[Scale]) -> NDArray[np.bool_]:
    """Return which options are off the scale of their question (questions x the most options)."""
    table = np.zeros((len(scales), max((len(scale.rates) for scale in scales), default=1)), dtype=bool)
    for row, scale in zip(table, scales, strict=True):
        row[: len(scale.rates)] = True
        row[list(scale.order)] = False
    return table


def on_scale(off: NDArray[np.bool_], choice: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which answers (users x questions, option indexes) are given and not *off* the scale of their question."""
    return np.asarray((choice >= 0) & ~off[np.arange(choice.shape[1]), choice])
