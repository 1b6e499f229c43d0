"""What a caller sets for a Fit and what it learns are two classes, and Fits of earlier versions are read."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from persona_db.chains.fit.learn import fingerprint
from persona_db.chains.fit.settings import EngineSettings, FittedSettings
from tests.synthetic import make_world, signals_of

LEARNED = {
    "shrinkage", "trait_shrinkage", "smoothing", "structure", "ridge", "spread", "meaning", "direction", "habits",
    "collaboration", "together", "disattenuation", "surprise", "lifts", "unseen",
}  # fmt: skip


def test_what_is_learned_cannot_be_set() -> None:
    """A caller's value would be overwritten, so it is refused; settings have no field that a Fit learns."""
    assert set(FittedSettings.model_fields) - set(EngineSettings.model_fields) == LEARNED
    for name in sorted(LEARNED):
        with pytest.raises(ValidationError, match=name):
            EngineSettings.model_validate({name: 0.5})


def test_a_stored_fit_is_read_as_it_was() -> None:
    """Settings and parameters come back equal, with what earlier versions learned passed over."""
    stored = FittedSettings(links=7, shrinkage=3.0, surprise=(0.1, 0.2), collaboration=0.04)
    assert FittedSettings.stored(stored.model_dump_json()) == stored
    earlier = {**json.loads(stored.model_dump_json()), "pooling": 0.5, "term_means": [0.1], "term_spreads": [0.2]}
    assert FittedSettings.stored(json.dumps(earlier)) == stored


def test_what_is_learned_is_no_part_of_a_fits_id() -> None:
    """Settings alone, and settings with parameters, name the same Fit; another setting names another."""
    signals = signals_of(make_world(people=8, questions=4))
    settings = EngineSettings(links=7)
    learned = FittedSettings.of(settings).model_copy(update={"shrinkage": 3.0, "collaboration": 0.04})
    ids = [fingerprint(signals, one, seed=0, through="") for one in (settings, learned, EngineSettings(links=8))]
    assert ids[0] == ids[1] != ids[2]
