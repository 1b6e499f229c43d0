"""A question that nobody answered is placed by meaning, words and the people it names."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from persona_db.chains.fit.unseen import common_words, named_in, own_words, weights_of


def test_weights_are_those_of_a_gaussian_process() -> None:
    """With no words and no names in common, scikit-learn's regression on unit vectors foretells the same.

    exp(-(1 - cosine) / w) is a radial kernel of length sqrt(w) over unit vectors; its half and a noise of 0.1 are a
    whole one with a noise of 0.2.
    """
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(12, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    answers = rng.normal(size=(10, 3))
    texts = [f"word{index}" for index in range(12)]
    weights = weights_of(texts, [("no", "yes")] * 12, vectors, np.zeros((12, 1)), new=2)
    oracle = GaussianProcessRegressor(RBF(np.sqrt(0.4)), alpha=0.2, optimizer=None).fit(vectors[2:], answers)
    assert weights @ answers == pytest.approx(oracle.predict(vectors[:2]), abs=1e-8)


def test_names_draw_questions_together() -> None:
    """Of two known questions equally near in meaning, the one that names people of the same traits weighs more."""
    vectors = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.6, 0.0, 0.8]])
    named = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    [weights] = weights_of(["A motion", "Some bill", "Other act"], [("no", "yes")] * 3, vectors, named, new=1)
    assert weights[0] > 0 > weights[1]


def test_questions_of_the_same_options_weigh_more() -> None:
    """Of two known questions equally near, five times as much; alone, one of other options has a weight too."""
    vectors = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.6, 0.0, 0.8]])
    options = [("no", "yes"), ("no", "yes"), ("never", "often")]
    [weights] = weights_of(["A", "B", "C"], options, vectors, np.zeros((3, 1)), new=1)
    like = 0.5 * np.exp(-0.4 / 0.4)
    known = np.array([[0.6, 0.1 * np.exp(-(1 - 0.36) / 0.4)], [0.1 * np.exp(-(1 - 0.36) / 0.4), 0.6]])
    assert weights == pytest.approx(np.linalg.solve(known, [like, like / 5]))
    [other] = weights_of(["A", "C"], [options[0], options[2]], vectors[:2], np.zeros((2, 1)), new=1)
    assert other == pytest.approx([like / 5 / 0.6])


def test_no_known_question_gives_no_weights() -> None:
    """The empty case has its shape."""
    assert weights_of(["One"], [("no",)], np.eye(1), np.zeros((1, 1)), new=1).shape == (1, 0)


def test_people_are_named_by_words_that_only_they_bear() -> None:
    """A word of two people's names names nobody, one in small letters neither, nor one that stands everywhere."""
    own = own_words({"s1": "KENNEDY (D MA)", "s2": "Bill Nelson", "s3": "Ben Nelson", "s4": "Burns"})
    assert own == {"kennedy": "s1", "bill": "s2", "burns": "s4"}
    texts = ["The Bill of Kennedy", "A Bill on wood that burns", "Nelson moves the Bill", "No Bill at all"]
    common = common_words(texts)
    assert common == {"bill"}
    assert [named_in(text, own, common=common) for text in texts] == [["s1"], [], [], []]
