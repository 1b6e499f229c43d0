"""A question's options as a scale: standardised places, and the way back to probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from persona_db.chains.fit.scale import Scale

weights = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=8)
"""Base rates of the least likely option down to about 0.1 %."""


def scale_of(raw: list[float]) -> Scale:
    rates = np.array(raw) / sum(raw)
    return Scale.of(rates, tuple(float(place) for place in range(len(raw))))


@given(weights)
def test_places_are_standardised(raw: list[float]) -> None:
    """Under the base rates the places have mean 0 and variance 1, and they rise with the order."""
    scale = scale_of(raw)
    assert scale.rates @ scale.values == pytest.approx(0, abs=1e-9)
    assert scale.rates @ scale.values**2 == pytest.approx(1)
    assert (np.diff(scale.values) > 0).all()


@given(weights)
def test_nothing_known_gives_the_base_rates(raw: list[float]) -> None:
    """At latent mean 0 and variance 1 the distribution is that of everybody."""
    scale = scale_of(raw)
    assert scale.distribution(0.0, 1.0) == pytest.approx(scale.rates, abs=1e-6)


@given(weights, st.floats(-50, 50), st.floats(-1, 5), st.floats(0.1, 3))
def test_a_distribution_is_one(raw: list[float], mean: float, variance: float, spread: float) -> None:
    """Probabilities are positive and sum to 1, wherever the mean is and even where the variance is none."""
    found = scale_of(raw).distribution(mean, variance, spread=spread)
    assert found.sum() == pytest.approx(1)
    assert found.min() > 0


@given(weights, st.floats(-4, 4), st.floats(0.01, 2), st.floats(0.05, 2))
def test_a_higher_mean_is_a_higher_answer(raw: list[float], mean: float, more: float, variance: float) -> None:
    """Raising the latent mean lowers the probability of every lower part of the scale."""
    scale = scale_of(raw)
    below = np.cumsum(scale.distribution(mean, variance))[:-1]
    after = np.cumsum(scale.distribution(mean + more, variance))[:-1]
    assert (after <= below + 1e-3).all()  # each option keeps 0.0001


@given(weights, st.data())
def test_options_off_the_scale_keep_their_rate(raw: list[float], data: st.DataObject) -> None:
    """An option without a place has none, and its probability is its base rate whatever is known."""
    apart = data.draw(st.integers(0, len(raw) - 1))
    rates = np.array(raw) / sum(raw)
    assume(rates[apart] > 0.001)
    scale = Scale.of(rates, tuple(None if place == apart else float(place) for place in range(len(raw))))
    assert np.isnan(scale.values[apart])
    assert apart not in scale.order
    assert scale.distribution(1.7, 0.3)[apart] == pytest.approx(rates[apart], abs=1e-3)


@pytest.mark.parametrize("ordinal", [(None, None, None), (None, 1.0, None)])
def test_a_scale_of_less_than_two_places_is_the_base_rates(ordinal: tuple[float | None, ...]) -> None:
    """Nothing can move along it."""
    scale = Scale.of(np.array([0.5, 0.3, 0.2]), ordinal)
    assert scale.distribution(2.0, 0.1).tolist() == [0.5, 0.3, 0.2]
    assert not np.nan_to_num(scale.values).any()


def test_options_are_ordered_by_their_places() -> None:
    """As in OpinionQA, where the third option may stand between the first two."""
    scale = Scale.of(np.array([0.2, 0.3, 0.5]), (1.0, 2.0, 1.5))
    assert scale.order == (0, 2, 1)
    assert scale.values[0] < scale.values[2] < scale.values[1]


def test_an_option_nobody_chose_has_a_finite_place() -> None:
    """Zero rates at either end and in the middle."""
    scale = Scale.of(np.array([0.0, 0.5, 0.0, 0.5, 0.0]), ())
    assert np.isfinite(scale.values).all()
    assert scale.distribution(0.0, 1.0).min() > 0


@settings(max_examples=20, deadline=None)
@given(weights, st.integers(0, 1_000))
def test_attenuation_is_the_correlation_with_what_was_cut(raw: list[float], seed: int) -> None:
    """Of 100,000 draws of the latent variable, each put into the option that it falls in."""
    scale = scale_of(raw)
    latent = np.random.default_rng(seed).normal(size=100_000)
    values = scale.values[np.searchsorted(scale.cuts, latent)]
    assert scale.attenuation == pytest.approx(np.corrcoef(latent, values)[0, 1], abs=0.02)
    assert 0 < scale.attenuation < 1


@given(weights, st.floats(-0.2, 0.2))
def test_corrected_for_attenuation_a_small_mean_is_the_mean_of_the_value(raw: list[float], mean: float) -> None:
    """The distribution of a variance near 1 has the mean it was told, which without the correction falls short."""
    assume(min(raw) / sum(raw) > 0.05)
    scale = scale_of(raw)
    made, short = (
        float(scale.distribution(mean, 1 - mean**2, disattenuation=one) @ scale.values) for one in (1.0, 0.0)
    )
    assert made == pytest.approx(mean, abs=0.03)
    assert abs(short) <= abs(made) + 1e-6
