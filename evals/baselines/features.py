"""Users as rows of standardised numbers: their answers, then their demographics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.evals.answers import AnswerMatrix, Answers, Floats

__all__ = ["Features", "base_rates", "distribution", "features_of", "hot"]

FLOOR = 0.01
"""Least probability of an option: a linear prediction can fall below zero."""


@dataclass(frozen=True, eq=False)
class Features:
    """Users x columns; question q has the columns `starts[q]` to `starts[q + 1]`, demographics come after the last.

    A question's columns have mean 0 and together variance 2 over those who answered, whatever its number of
    options, and are 0 where there is no answer.
    """

    values: Floats
    starts: NDArray[np.intp]


def features_of(answers: AnswerMatrix, *, demographics: float = 1.0) -> Features:
    """Return the users' features; *demographics* is the scale of the demographic columns.

    A question's columns span its options. Half of an ordinal question's variance is the rank on the scale, which
    generalises; the other half is one indicator an option, which keeps what is not monotone.
    """
    blocks: list[Floats] = []
    starts = [0]
    for question in range(len(answers.questions)):
        chosen = answers.answers[:, question]
        known = chosen >= 0
        values = _option_values(chosen[known], answers.ranks[question, : answers.n_options[question]])
        block = np.zeros((len(chosen), values.shape[1]))
        block[known] = values[chosen[known]]
        blocks.append(block)
        starts.append(starts[-1] + values.shape[1])
    people = answers.demographics[:, answers.demographics.std(axis=0) > 0] if answers.users else answers.demographics
    people = (people - people.mean(axis=0)) / people.std(axis=0) * demographics if people.size else people
    return Features(values=np.concatenate([*blocks, people], axis=1), starts=np.array(starts, dtype=np.intp))


def _option_values(given: Answers, ranks: Floats) -> Floats:
    """Return options x columns of mean 0 and total variance 2 over the answers *given*; no column if all are equal."""
    size = len(ranks)
    share = np.bincount(given, minlength=size) / max(len(given), 1)
    spread = np.sqrt(share * (1 - share))
    seen = spread > 0
    if not seen.any():
        return np.zeros((size, 0))
    options = (np.eye(size) - share)[:, seen] / spread[seen]
    options /= np.sqrt(np.square(options).sum(axis=1) @ share)
    on_scale = ~np.isnan(ranks) & seen
    if len(np.unique(ranks[on_scale])) > 1:
        middle = ranks[on_scale] @ share[on_scale] / share[on_scale].sum()
        rank = np.where(np.isnan(ranks), 0.0, ranks - middle)
        rank /= np.sqrt(np.square(rank) @ share)
        table = np.column_stack([rank, options])
    else:
        table = options * np.sqrt(2.0)
    # the same distances in the fewest columns
    left, sizes, _ = np.linalg.svd(table, full_matrices=False)
    kept = sizes > 1e-9 * sizes[0]
    return np.asarray(left[:, kept] * sizes[kept])


def base_rates(answers: AnswerMatrix, *, smoothing: float = 1.0) -> Floats:
    """Return questions x options: the share that chose each option, after *smoothing* extra answers for each."""
    counts = np.zeros((len(answers.questions), answers.width))
    users, questions = np.nonzero(answers.answers >= 0)
    np.add.at(counts, (questions, answers.answers[users, questions]), 1.0)
    counts += smoothing * answers.offered
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def distribution(scores: Floats, offered: NDArray[np.bool_]) -> Floats:
    """Return *scores*, linear predictions of the options' indicators, as distributions over the options *offered*."""
    floored = np.where(offered, np.clip(scores, FLOOR, None), 0.0)
    return np.asarray(floored / floored.sum(axis=1, keepdims=True))


def hot(options: NDArray[np.integer], width: int) -> Floats:
    """Return a row of *width* indicators for each of *options*."""
    return np.asarray(np.eye(width)[options])
