"""The control of the JOIN draws people who answered as often as those it replaces."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_db.evals.random_collaborators import drawn_alike


@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(0, 1))
def test_whoever_is_drawn_answered_if_the_one_replaced_did(seed: int, people: int, share: float) -> None:
    """One for one, nobody twice, never the person who is to be predicted; even where all others were matched."""
    rng = np.random.default_rng(seed)
    known = rng.random(people) < share
    target = int(rng.integers(people))
    others = [place for place in rng.permutation(people).tolist() if place != target]
    matched = others[: int(rng.integers(0, people))]
    drawn = drawn_alike(matched, known, without=target, rng=rng)
    assert known[drawn].tolist() == known[matched].tolist()
    assert len(set(drawn)) == len(drawn)
    assert target not in drawn


def test_everybody_is_drawn_as_often() -> None:
    """Of ten who answered each fills a place in a tenth of the draws; matched ones are no exception."""
    known = np.array([True] * 11 + [False] * 5)
    rng = np.random.default_rng(0)
    counts = np.zeros(16)
    for _ in range(5_000):
        counts[drawn_alike([1, 2], known, without=0, rng=rng)] += 1
    assert np.abs(counts[1:11] / 5_000 - 0.2).max() < 0.03
    assert counts[[0, *range(11, 16)]].sum() == 0
