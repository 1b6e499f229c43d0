"""Thresholds are the least at which what passes is right often enough, on the cases that are for choosing."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.vocabulary.__main__ import LEAST_RAISED, LEAST_TOGETHER, PRECISION, chosen
from benchmarks.vocabulary.cases import Case, Found, examples
from persona_db.chains.fit.vocabulary import VOCABULARY

TERMS = [term for term in VOCABULARY[:4]]


def cases(rng: np.random.Generator, size: int) -> list[Found]:
    """Cases whose higher scores are right more often."""
    scores = rng.uniform(0, 1, size=size).round(3)
    return [
        Found(Case(TERMS[n % 4].name, str(n), bool(rng.uniform() < score * 1.2), "choose"), float(score))
        for n, score in enumerate(scores)
    ]


def least(found: list[Found], start: float, right: int) -> float | None:
    """The least threshold on the grid with at least so many right cases, by looking at all of them."""
    fitting = []
    for cut in (start + step / 100 for step in range(150)):
        passed = [one.case.right for one in found if one.score >= round(cut, 2)]
        if sum(passed) >= right and sum(passed) / len(passed) >= PRECISION:
            fitting.append(round(cut, 2))
    return fitting[0] if fitting else None


@pytest.mark.parametrize("seed", range(10))
def test_thresholds_are_the_least_that_are_precise_enough(seed: int) -> None:
    """That of all terms together, or a higher one where four right cases pass it."""
    rng = np.random.default_rng(seed)
    sentences, others = cases(rng, 200), cases(rng, 40)
    together = least(sentences, 0.0, LEAST_TOGETHER)
    assert together is not None
    expected = {}
    for term in TERMS:
        own = [one for one in (*sentences, *others) if one.case.term == term.name]
        cut = least(own, together, 1)
        if cut == together or (cut and sum(one.case.right for one in own if one.score >= cut) >= LEAST_RAISED):
            expected[term.key] = cut
    assert chosen(sentences, others) == expected


def test_nothing_is_chosen_of_wrong_cases() -> None:
    """No threshold is better than a false one."""
    wrong = [Found(Case(TERMS[0].name, str(n), right=False, use="choose"), n / 100) for n in range(100)]
    assert chosen(wrong, []) == {}


def test_both_halves_have_cases_of_every_term() -> None:
    """For and against it, and no text is in both."""
    labelled = examples()
    halves = {use: {case.text for case in labelled if case.use == use} for use in ("choose", "test")}
    assert not halves["choose"] & halves["test"]
    for term in VOCABULARY:
        kinds = {(case.use, case.right) for case in labelled if case.term == term.name}
        assert kinds == {("choose", True), ("choose", False), ("test", True), ("test", False)}
    assert len({(case.term, case.text) for case in labelled}) == len(labelled)
