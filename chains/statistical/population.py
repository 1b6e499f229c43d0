"""What everybody's answers say: base rates, links between questions, latent traits.

An engine knows this of the world as a language model knows it from training; it takes no place in r.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.statistical.scale import Scale
from persona_db.chains.statistical.settings import EngineSettings
from persona_db.graph.models import Question

__all__ = ["AnswerTable", "Population", "fit_population", "informativeness", "likeness", "pooled_rates"]

Floats = NDArray[np.float64]

_INFORMATIVE_LINKS = 10


@dataclass(frozen=True)
class AnswerTable:
    """Who answered what: `choice[user, question]` is an option's index, -1 where there is no answer."""

    users: tuple[str, ...]
    questions: tuple[Question, ...]
    choice: NDArray[np.int16]

    def without(self, cells: NDArray[np.int64]) -> AnswerTable:
        """The same table with the (user, question) pairs of *cells* unanswered."""
        choice = self.choice.copy()
        choice[cells[:, 0], cells[:, 1]] = -1
        return AnswerTable(self.users, self.questions, choice)


@dataclass(frozen=True)
class Population:
    """Base rates, links and traits of a set of questions.

    `links[i, j]` is the correlation of the answers to questions i and j, pulled to its prior;
    `pairs[i, j]` how many people answered both; `loadings[i, t]` that of question i with latent trait t;
    `told_by[i]` how much the answer to question i tells about others.
    """

    questions: tuple[Question, ...]
    counts: tuple[NDArray[np.int64], ...]
    scales: tuple[Scale, ...]
    links: Floats
    pairs: Floats
    loadings: Floats
    told_by: Floats
    settings: EngineSettings

    def standardise(self, choice: NDArray[np.int16]) -> Floats:
        """Answers (users x questions, option indexes) on the standardised scales; 0 where there is none."""
        values = np.zeros(choice.shape)
        for column, scale in enumerate(self.scales):
            answered = choice[:, column] >= 0
            values[answered, column] = scale.values[choice[answered, column]]
        return np.nan_to_num(values)


def likeness(vectors: Floats) -> Floats:
    """How alike in meaning texts are, 0 (cosine 0.5 or less) to 1 (the same)."""
    return np.clip(2 * (vectors @ vectors.T) - 1, 0.0, 1.0)


def pooled_rates(
    counts: Sequence[NDArray[np.int64]],
    options: Sequence[tuple[str, ...]],
    vectors: Floats | None,
    *,
    pooling: float,
) -> list[Floats]:
    """Smooth each question's answer rates with one pseudo-answer an option.

    The pseudo-answers follow the rates of questions with the same options, weighted by likeness of meaning,
    mixed with a uniform part of weight options / (options + pooling). No options give an empty row.
    """
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, names in enumerate(options):
        groups[names].append(index)
    raw = [c / c.sum() if c.sum() else np.full(len(c), 1 / max(len(c), 1)) for c in counts]
    prior: list[Floats] = [np.ones(len(c)) for c in counts]
    if vectors is not None and pooling:
        for names, members in groups.items():
            if len(members) < 2 or not names:
                continue
            cosine = vectors[members] @ vectors[members].T
            weight = np.exp(8 * (cosine - 1)) * np.array([counts[m].sum() > 0 for m in members])
            np.fill_diagonal(weight, 0.0)
            total = weight.sum(axis=1, keepdims=True)
            mixed = (weight @ np.array([raw[m] for m in members])) / np.maximum(total, 1e-12)
            for row, member in enumerate(members):
                if total[row, 0] > 0:
                    prior[member] = 1 + pooling * mixed[row]
    smoothed = [c + len(c) * p / p.sum() if len(c) else p for c, p in zip(counts, prior, strict=True)]
    return [s / s.sum() if len(s) else s for s in smoothed]


def fit_population(
    table: AnswerTable, *, vectors: Floats | None, settings: EngineSettings, with_traits: bool = True
) -> Population:
    """Learn base rates, links and traits from *table*; deterministic.

    `vectors` are unit rows, one a question, or None when meaning is not to be used.
    Cost: users x questions squared for the links, questions cubed for the traits.
    """
    questions = table.questions
    counts = tuple(
        np.bincount(column[column >= 0], minlength=len(question.options)).astype(np.int64)
        for question, column in zip(questions, table.choice.T, strict=True)
    )
    rates = pooled_rates(counts, [q.options for q in questions], vectors, pooling=settings.pooling)
    scales = tuple(Scale.of(rate, question.ordinal) for rate, question in zip(rates, questions, strict=True))
    bare = Population(questions, counts, scales, np.eye(0), np.eye(0), np.eye(0), np.zeros(0), settings)
    values = bare.standardise(table.choice)
    answered = (table.choice >= 0).astype(np.float32)
    single = values.astype(np.float32)
    pairs = (answered.T @ answered).astype(np.float64)
    products = (single.T @ single).astype(np.float64)
    prior = settings.meaning * likeness(vectors) if vectors is not None and settings.meaning else 0.0
    links = np.clip((products + settings.shrinkage * prior) / (pairs + settings.shrinkage + 1e-9), -0.99, 0.99)
    np.fill_diagonal(links, 1.0)
    people = float(answered.any(axis=1).sum())
    loadings = _traits(links, people=people, most=settings.most_traits if with_traits else 0)
    return Population(questions, counts, scales, links, pairs, loadings, informativeness(links), settings)


def informativeness(links: Floats) -> Floats:
    """Per question, the mean strength of its ten strongest links: how much its answer tells about others."""
    if len(links) < 2:
        return np.zeros(len(links))
    strength = np.abs(links)
    np.fill_diagonal(strength, 0.0)
    count = min(_INFORMATIVE_LINKS, len(strength) - 1)
    return np.asarray(-np.partition(-strength, count - 1, axis=1)[:, :count].mean(axis=1))


def _traits(links: Floats, *, people: float, most: int) -> Floats:
    """Loadings of the questions on the traits that stand out from chance, strongest trait first.

    A trait is kept while its eigenvalue exceeds what unrelated answers would give,
    (1 + sqrt(questions / people))^2 (Marchenko-Pastur). Its sign makes the mean loading positive.
    """
    size = len(links)
    if most == 0 or size < 3 or people < 3:
        return np.zeros((size, 0))
    count = min(most, size - 1)
    if size > 1_500:
        from scipy.sparse.linalg import eigsh

        values, vectors = eigsh(links, k=count, which="LA", v0=np.ones(size))
    else:
        values, vectors = np.linalg.eigh(links)
    order = np.argsort(-values)[:count]
    chance = (1 + np.sqrt(size / people)) ** 2
    kept = [i for i in order if values[i] > chance]
    chosen = vectors[:, kept]
    chosen = chosen * np.where(chosen.sum(axis=0) < 0, -1.0, 1.0)
    return np.asarray(chosen * np.sqrt(np.maximum(values[kept] - 1.0, 0.05)), dtype=np.float64)
