"""Where a question stands that nobody has answered: a regression over questions on what their texts say.

The answers to a question are taken for a weighted mean of the answers to known ones with as many options, from low to
high (a Gaussian process over questions: Rasmussen and Williams 2006, equation 2.25). Two questions are alike by
meaning (vectors), by words, and by the people that they name: a motion of one party's member is like another motion of
that party.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.statistical.scale import same_options

__all__ = ["weights_of"]

Floats = NDArray[np.float64]

_WIDTH = 0.4
_WORDS = 0.5
_NAMES = 1.0
_OTHER_OPTIONS = 0.2
_NOISE = 0.1


def weights_of(
    texts: Sequence[str], options: Sequence[tuple[str, ...]], vectors: Floats, named: Floats, *, new: int
) -> Floats:
    """Return for each of the first *new* questions the weights of the others (new x others).

    `vectors` are unit rows; `named` is a row of traits for each question, the mean of those it names, at most of
    length 1, zero where it names nobody. A question that is like none of the others has weights near 0; those of other
    `options` are a fifth as like.

    Width, shares and noise are those with which the Senate's roll calls of three later periods were best foretold
    from earlier ones, all before the tests' (docs/decisions/0008); the fifth is that of the histories of GSS and
    OpinionQA (docs/decisions/0011).
    """
    if new == len(texts):
        return np.zeros((new, 0))
    like = (1 - _WORDS) * np.exp(-(1 - vectors @ vectors.T) / _WIDTH)
    like += _WORDS * _by_words(texts) + _NAMES * named @ named.T
    like *= np.where(same_options(options), 1.0, _OTHER_OPTIONS)
    known = like[new:, new:]
    return np.asarray(np.linalg.solve(known + _NOISE * np.eye(len(known)), like[new:, :new]).T)


def _by_words(texts: Sequence[str]) -> Floats:
    """Return how many words and pairs of words texts share, rare ones counting more (tf-idf, cosine)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        table = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2).fit_transform(texts)
    except ValueError:  # no word stands in two of them
        return np.zeros((len(texts), len(texts)))
    return np.asarray((table @ table.T).toarray(), dtype=np.float64)
