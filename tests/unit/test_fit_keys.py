"""Cache keys: their weights in the JOIN score, who holds them, and what their holders answered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.chains.fit.keys import idf, units
from persona_db.chains.fit.learn import learn
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.graph.ids import demographic_id
from tests.synthetic import histories, make_world, signals_of

held = st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.05, 9)), min_size=1, max_size=12)


@given(held)
def test_the_squares_of_units_sum_to_one(profile: list[tuple[float, float]]) -> None:
    """So that a score is at most 1."""
    assert sum(unit**2 for unit in units(profile)) == pytest.approx(1)


@given(st.dictionaries(st.integers(0, 8), st.floats(0.05, 9), min_size=1), st.data())
def test_products_of_units_are_the_cosine_of_profiles(inverse: dict[int, float], data: st.DataObject) -> None:
    """Summed over shared keys: the cosine of the profiles weighted by the root of the inverse user frequency."""
    mine, theirs = (
        data.draw(st.dictionaries(st.sampled_from(sorted(inverse)), st.floats(0.01, 1), min_size=1)) for _ in range(2)
    )
    rows = [np.array([np.sqrt(inverse[k]) * own.get(k, 0.0) for k in inverse]) for own in (mine, theirs)]
    expected = rows[0] @ rows[1] / np.sqrt((rows[0] @ rows[0]) * (rows[1] @ rows[1]))
    unit = [dict(zip(own, units([(own[k], inverse[k]) for k in own]), strict=True)) for own in (mine, theirs)]
    assert sum(unit[0][k] * unit[1][k] for k in mine if k in theirs) == pytest.approx(expected)


def test_no_keys_have_no_units() -> None:
    """An empty profile shares nothing."""
    assert units([]) == []


def test_rare_keys_count_more() -> None:
    """Down to a floor for what nearly all hold."""
    found = [idf(holders, 1_000) for holders in (1, 10, 500, 999)]
    assert found == sorted(found, reverse=True)
    assert idf(1_000, 1_000) == pytest.approx(0.05)


def test_keys_and_summaries_count_what_is_there() -> None:
    """Holders and their answers as counted one by one; never a summary of fewer than `min_holders` answers."""
    world = make_world()
    learned = learn(signals_of(world), EngineSettings(min_holders=6), seed=0)
    people = histories(world)
    engine = StatisticalEngine.of(learned)
    holders = {
        key: {person.user for person in people if key in {own.key for own in engine.leanings(person).keys}}
        for key in engine.keys
    }
    assert {key.id: key.n_holders for key in engine.keys.values()} == {key: len(own) for key, own in holders.items()}
    assert learned.summaries
    for summary in learned.summaries:
        asked = next(one for one in world.questions if one.id == summary.question)
        counts = [0] * len(asked.options)
        for user in holders[summary.key]:
            if (option := world.answer(user, asked.id)) is not None:
                counts[option] += 1
        assert list(summary.counts) == counts
        assert summary.n == sum(counts) >= 6
        assert not summary.key.startswith(f"stance:{summary.question}=")


def test_groups_are_summarised_on_every_question() -> None:
    """They are all that is known of someone without history."""
    world = make_world(people=80, answered=1.0)
    learned = learn(signals_of(world), EngineSettings(links=2), seed=0)
    count = {key: sum(one.key == key for one in learned.summaries) for key in learned.keys}
    assert count[demographic_id("PARTY=left")] == len(world.questions)
    assert max(n for key, n in count.items() if not key.startswith("demographic:")) <= 2


def test_opposites_are_each_others() -> None:
    """Poles of one trait, the two sides of one question's scale; the middle has none."""
    world = make_world(people=80)
    keys = learn(signals_of(world), EngineSettings(), seed=0).keys
    asked = {one.id: one for one in world.questions}
    assert any(key.opposite for key in keys.values() if key.kind == "trait")
    assert any(key.opposite for key in keys.values() if key.kind == "stance")
    for key in keys.values():
        if key.opposite is not None:
            assert keys[key.opposite].opposite == key.id
        if key.kind == "stance":
            question, side = key.id.removeprefix("stance:").split("=")
            last = len(asked[question].options) - 1
            mirrored = f"stance:{question}={'+'.join(str(last - int(one)) for one in reversed(side.split('+')))}"
            assert key.opposite == (mirrored if mirrored in keys and mirrored != key.id else None)
