"""Base rates, links between questions and latent traits, learned from everybody's answers.

An engine knows them as a language model knows the world from its training: they take no slot of r.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Wording
from persona_db.chains.fit.factors import factor_loadings
from persona_db.chains.fit.item_response import NO_ITEM_RESPONSE, ItemResponse, fit_item_response
from persona_db.chains.fit.rotation import stability, varimax
from persona_db.chains.fit.scale import Scale, low_to_high, off_scale_options, on_scale, same_options, widths
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.fit.style import NO_STYLE, ResponseStyle, fit_style
from persona_db.chains.labels.sides import is_shown, sides_of
from persona_db.graph.models import Question

__all__ = [
    "Moments",
    "Population",
    "fit_population",
    "informativeness",
    "likeness",
    "link_prior",
    "pooled_rates",
    "population_of",
    "strongest_links",
]

Floats = NDArray[np.float64]
_INFORMATIVE_LINKS = 10
_WIDTH = 8.0  # how fast the weight of another question falls with its likeness
_OTHER_OPTIONS = 0.1
_LARGE = 400  # questions from which the strongest eigenvectors alone are computed
_RESAMPLED = 4
_MOST_PEOPLE = 5_000
_LEAST_PEOPLE = 30
_MORE = 4  # traits that may stand before one of them in half the people
_STABLE = 0.7  # mean congruence with the traits of half the people
_FACTORS, _FACTOR_PRIOR = 8, 20.0  # chosen on answers held out of the history of four conversations and GSS
_MOST_LINK = 0.99
_PRIOR_PAIRS = 100.0  # pairs of answers that the usual prior of a link counts for


@dataclass(frozen=True)
class Population:
    """Base rates, links and traits of a set of questions.

    `links[i, j]` is the correlation of the answers to questions i and j, pulled to its prior;
    `pairs[i, j]` how many people answered both; `loadings[i, t]` that of question i with latent trait t;
    `told_by[i]` the informativeness of question i for others; `factors` times their transpose is near all links, for
    those that a Fit does not store; `style` is who gives answers off the scale, `response` what all answers of a person
    together say of each option.
    """

    questions: tuple[Question, ...]
    counts: tuple[NDArray[np.int64], ...]
    scales: tuple[Scale, ...]
    links: Floats
    pairs: Floats
    loadings: Floats
    told_by: Floats
    factors: Floats
    settings: FittedSettings
    style: ResponseStyle = NO_STYLE
    response: ItemResponse = NO_ITEM_RESPONSE

    @classmethod
    def of_nobody(cls) -> Population:
        """Return a population without people and questions."""
        nothing = np.zeros((0, 0))
        return cls((), (), (), nothing, nothing, nothing, np.zeros(0), nothing, FittedSettings())

    @cached_property
    def sides(self) -> tuple[Mapping[int, tuple[int, ...]], ...]:
        """Of each question the side of each option that can be a stance: all options of the side, from low to high."""
        return tuple(
            {
                option: side
                for side in (sides_of(question, scale.rates.tolist()) if is_shown(question) else ())
                for option in side
            }
            for question, scale in zip(self.questions, self.scales, strict=True)
        )

    @cached_property
    def off_scale(self) -> NDArray[np.bool_]:
        """Which options are off the scale of their question (questions x the most options)."""
        return off_scale_options(self.scales)

    def with_responses(self, choice: NDArray[np.int16]) -> Population:
        """Return the same with the response style and the item response that everybody's answers show.

        The setting `habits` is that of the style.
        """
        style = fit_style(self.off_scale, choice)
        settings = self.settings.model_copy(update={"habits": style.spread})
        return replace(self, style=style, response=fit_item_response(self.scales, choice), settings=settings)

    def standardise(self, choice: NDArray[np.int16]) -> Floats:
        """Return answers (users x questions, option indexes) on the standardised scales; 0 without an answer."""
        return _standardised(self.scales, choice)


def likeness(vectors: Floats) -> Floats:
    """Return the semantic similarity of texts, from 0 (cosine 0.5 or less) to 1 (the same)."""
    return np.clip(2 * (vectors @ vectors.T) - 1, 0.0, 1.0)


def pooled_rates(
    counts: Sequence[NDArray[np.int64]], questions: Sequence[Question], vectors: Floats | None, *, smoothing: float
) -> list[Floats]:
    """Smooth each question's answer rates with *smoothing* pseudo-answers an option.

    The pseudo-answers follow the answers to other questions, weighted by semantic similarity (`vectors`, a unit row a
    question; None spreads them evenly): questions with the same options, and with a tenth of the weight those with as
    many, option by option from low to high. A question without options has an empty row.
    """
    orders = [low_to_high(question) for question in questions]
    sorts: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, question in enumerate(questions):
        sorts[widths(question)].append(index)
    rates: list[Floats] = [np.zeros(0)] * len(questions)
    for (width, _), members in sorts.items():
        if not width:
            continue
        ordered = np.array([counts[member][orders[member]] for member in members], dtype=np.float64)
        prior = np.full((len(members), width), 1 / width)
        if vectors is not None:
            same = same_options([questions[member].options for member in members])
            weight = np.where(same, 1.0, _OTHER_OPTIONS)
            weight *= np.exp(_WIDTH * (vectors[members] @ vectors[members].T - 1))
            np.fill_diagonal(weight, 0.0)
            prior += weight @ ordered
            prior /= prior.sum(axis=1, keepdims=True)
        smoothed = ordered + smoothing * width * prior
        smoothed /= smoothed.sum(axis=1, keepdims=True)
        for member, row in zip(members, smoothed, strict=True):
            rates[member] = row[np.argsort(orders[member])]
    return rates


@dataclass(frozen=True)
class Moments:
    """What a table says of its questions and of pairs of them, for links of any settings but `smoothing`.

    `products[i, j]` is the sum of the products of standardised answers of the `pairs[i, j]` people who gave both.
    """

    table: AnswerTable
    counts: tuple[NDArray[np.int64], ...]
    scales: tuple[Scale, ...]
    pairs: Floats
    products: Floats
    likeness: Floats | None
    """Semantic similarity of the questions; None without texts."""
    along: Floats | None
    """Cosine of the directions of their options."""

    @classmethod
    def of(cls, table: AnswerTable, *, wording: Wording | None, smoothing: float) -> Moments:
        """Return those of *table*; answers off the scale count for base rates only."""
        questions = table.questions
        counts = tuple(
            np.bincount(column[column >= 0], minlength=len(question.options)).astype(np.int64)
            for question, column in zip(questions, table.choice.T, strict=True)
        )
        vectors = None if wording is None else wording.questions
        rates = pooled_rates(counts, questions, vectors, smoothing=smoothing)
        scales = tuple(Scale.of(rate, question.ordinal) for rate, question in zip(rates, questions, strict=True))
        single = _standardised(scales, table.choice).astype(np.float32)
        known = on_scale(off_scale_options(scales), table.choice).astype(np.float32)
        alike = along = None
        if wording is not None:
            alike, directions = likeness(wording.questions), wording.directions(scales)
            along = directions @ directions.T
        pairs, products = (known.T @ known).astype(np.float64), (single.T @ single).astype(np.float64)
        return cls(table, counts, scales, pairs, products, alike, along)

    @cached_property
    def weights(self) -> tuple[float, float]:
        """The weights of semantic similarity and of direction in the prior of a link."""
        if self.likeness is None or self.along is None:
            return 0.0, 0.0
        return link_prior(self.products, self.pairs, self.likeness, self.along)

    @cached_property
    def structure(self) -> Floats:
        """The correlations that a few factors imply."""
        known = on_scale(off_scale_options(self.scales), self.table.choice)
        values = _standardised(self.scales, self.table.choice)
        loadings, _ = factor_loadings(values, known, factors=_FACTORS, prior=_FACTOR_PRIOR)
        return np.asarray(loadings @ loadings.T)

    def links(self, *, shrinkage: float, structure: float = 0.0) -> Floats:
        """Return the links, pulled by *shrinkage* pairs to what texts say and to *structure* times what factors do."""
        prior: Floats | float = structure * self.structure if structure else 0.0
        if self.likeness is not None and self.along is not None:
            meaning, direction = self.weights
            prior = prior + meaning * self.likeness + direction * self.along
        pulled = (self.products + shrinkage * prior) / (self.pairs + shrinkage + 1e-9)
        links = np.clip(pulled, -_MOST_LINK, _MOST_LINK)
        np.fill_diagonal(links, 1.0)
        return np.asarray(links)


def fit_population(
    table: AnswerTable, *, wording: Wording | None, settings: FittedSettings, with_traits: bool = True
) -> Population:
    """Learn base rates, links and traits from *table*; deterministic.

    `wording` None leaves texts unused; otherwise the settings `meaning` and `direction` are learned too.
    Cost: users x questions squared for the links, questions cubed for the traits.
    """
    moments = Moments.of(table, wording=wording, smoothing=settings.smoothing)
    return population_of(moments, settings=settings, with_traits=with_traits)


def population_of(moments: Moments, *, settings: FittedSettings, with_traits: bool = True) -> Population:
    """Return what *moments* make of *settings*, whose `smoothing` is theirs."""
    table = moments.table
    if moments.likeness is not None:
        meaning, direction = moments.weights
        settings = settings.model_copy(update={"meaning": meaning, "direction": direction})
    links = moments.links(shrinkage=settings.shrinkage, structure=settings.structure)
    people = float((table.choice >= 0).any(axis=1).sum())
    loadings = factors = np.zeros((len(table.questions), 0))
    if with_traits and len(links):
        factors = _leading(links, _FACTORS)
    if with_traits and settings.most_traits:
        bare = moments.links(shrinkage=settings.trait_shrinkage)
        loadings = _stable(_traits(bare, people=people, most=settings.most_traits), moments, settings)
    told_by = informativeness(links)
    return Population(
        table.questions, moments.counts, moments.scales, links, moments.pairs, loadings, told_by, factors, settings
    )


def _standardised(scales: Sequence[Scale], choice: NDArray[np.int16]) -> Floats:
    values = np.zeros(choice.shape)
    for column, scale in enumerate(scales):
        answered = choice[:, column] >= 0
        values[answered, column] = scale.values[choice[answered, column]]
    return np.nan_to_num(values)


def link_prior(products: Floats, pairs: Floats, alike: Floats, along: Floats) -> tuple[float, float]:
    """Return the weights of semantic similarity and of direction in the prior of a link between two questions.

    They explain `products` (sums of a pair of questions, over `pairs` people who answered both) by the similarity of
    the questions and the cosine of their directions: non-negative least squares, pulled to the default settings by as
    much as 100 pairs.
    """
    from scipy.optimize import nnls

    one, other = np.triu_indices(len(pairs), 1)
    texts = np.column_stack([alike[one, other], along[one, other]])
    usual = FittedSettings()
    at_hand = np.array([usual.meaning, usual.direction])
    matrix = (texts * pairs[one, other, None]).T @ texts + _PRIOR_PAIRS * np.eye(2)
    target = texts.T @ products[one, other] + _PRIOR_PAIRS * at_hand
    root = np.linalg.cholesky(matrix)
    found, _ = nnls(root.T, np.linalg.solve(root, target))
    return round(float(min(found[0], 1.0)), 6), round(float(min(found[1], 1.0)), 6)


def informativeness(links: Floats) -> Floats:
    """Return for each question the mean absolute correlation of its ten strongest links."""
    if len(links) < 2:
        return np.zeros(len(links))
    strength = np.abs(links)
    np.fill_diagonal(strength, 0.0)
    count = min(_INFORMATIVE_LINKS, len(strength) - 1)
    return np.asarray(-np.partition(-strength, count - 1, axis=1)[:, :count].mean(axis=1))


def _traits(links: Floats, *, people: float, most: int) -> Floats:
    """Return the loadings of the questions on the traits that exceed chance, rotated by varimax, largest first.

    A trait is kept while its eigenvalue exceeds what unrelated answers would give,
    (1 + sqrt(questions / people))^2 (Marchenko-Pastur).
    """
    size = len(links)
    if most == 0 or size < 3 or people < 3:
        return np.zeros((size, 0))
    values, vectors = _eigen(links, min(most, size - 1))
    kept = values > (1 + np.sqrt(size / people)) ** 2
    return varimax(vectors[:, kept] * np.sqrt(np.maximum(values[kept] - 1.0, 0.05)))


def _leading(links: Floats, most: int) -> Floats:
    """Return the factors of the *most* largest eigenvalues of *links*, by which their products are nearest to it."""
    values, vectors = _eigen(links, min(most, len(links)))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _eigen(links: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the *count* largest eigenvalues with their vectors, largest first."""
    if len(links) > _LARGE and count < len(links):
        from scipy.sparse.linalg import eigsh

        values, vectors = eigsh(links, k=count, which="LA", v0=np.ones(len(links)))
    else:
        values, vectors = np.linalg.eigh(links)
    order = np.argsort(-values)[:count]
    return values[order], vectors[:, order]


def _stable(loadings: Floats, moments: Moments, settings: FittedSettings) -> Floats:
    """Return the loadings of the traits that are found again in the halves of people drawn at random."""
    choice = moments.table.choice
    people = np.flatnonzero((choice >= 0).any(axis=1))
    if not loadings.shape[1] or len(people) < _LEAST_PEOPLE:
        return loadings
    values = _standardised(moments.scales, choice).astype(np.float32)
    known = on_scale(off_scale_options(moments.scales), choice).astype(np.float32)
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(_RESAMPLED):
        half = np.sort(rng.permutation(people)[: min(len(people) // 2, _MOST_PEOPLE)])
        some, answered = values[half], known[half]
        links = (some.T @ some) / (answered.T @ answered + settings.trait_shrinkage)
        np.fill_diagonal(links, 1.0)
        resampled.append(_traits(links.astype(np.float64), people=len(people), most=loadings.shape[1] + _MORE))
    return loadings[:, stability(loadings, resampled) >= _STABLE]


def strongest_links(population: Population) -> list[dict[str, Any]]:
    """Return a row for each question with its stored links, [question, correlation, people], strongest first."""
    strength = np.abs(population.links)
    np.fill_diagonal(strength, -1.0)
    ids = [question.id for question in population.questions]
    rows = []
    for column, question in enumerate(ids):
        strongest = np.argsort(-strength[column], kind="stable")[: population.settings.links]
        links = [
            [ids[other], float(population.links[column, other]), int(population.pairs[column, other])]
            for other in strongest
            if strength[column, other] > 1e-6
        ]
        rows.append({"question": question, "links": links})
    return rows
