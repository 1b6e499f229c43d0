"""Questions that nobody answered: the known questions similar to them, by text and by the people they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import Wording
from persona_db.chains.fit.directions import aligned
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.scale import low_to_high, same_options
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.graph.models import Question

__all__ = [
    "Alike",
    "common_words",
    "measure_unseen",
    "named_in",
    "nearest",
    "own_words",
    "told_right",
    "weights_of",
    "words_of",
]

Floats = NDArray[np.float64]
_WIDTH = 0.4
_WORDS = 0.5
_NAMES = 1.0
_OTHER_OPTIONS = 0.2
_NOISE = 0.1
_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = 0.1
_LIKE_QUESTIONS = 200
_LEAST_RATE = 0.02
_LEAST_HELD_OUT, _MOST_HELD_OUT = 30, 200


def weights_of(
    texts: Sequence[str], options: Sequence[tuple[str, ...]], vectors: Floats, named: Floats, *, new: int
) -> Floats:
    """Return for each of the first *new* questions the weights of the others (new x others).

    `vectors` are unit rows; `named` has for each question the mean traits of the people it names, of length 1 at most,
    zero for a question that names nobody. A question similar to none of the others has weights near 0; questions with
    other `options` are a fifth as similar. These are the weights of a Gaussian process (kriging).

    Width, shares and noise predicted the Senate's roll calls of three later periods best from earlier ones, all before
    the tests' (docs/decisions/0008); the fifth comes from the histories of GSS and OpinionQA (docs/decisions/0011).
    """
    if new == len(texts):
        return np.zeros((new, 0))
    like = (1 - _WORDS) * np.exp(-(1 - vectors @ vectors.T) / _WIDTH)
    like += _WORDS * _by_words(texts) + _NAMES * named @ named.T
    like *= np.where(same_options(options), 1.0, _OTHER_OPTIONS)
    known = like[new:, new:]
    return np.asarray(np.linalg.solve(known + _NOISE * np.eye(len(known)), like[new:, :new]).T)


def _by_words(texts: Sequence[str]) -> Floats:
    """Return the similarity of texts by shared words and pairs of words (cosine of tf-idf)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        table = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2).fit_transform(texts)
    except ValueError:  # no word occurs in two of them
        return np.zeros((len(texts), len(texts)))
    return np.asarray((table @ table.T).toarray(), dtype=np.float64)


def words_of(text: str) -> set[str]:
    """Return the capitalised words of four letters or more, in lower case."""
    return {word.casefold() for word in _WORD.findall(text) if word[0].isupper()}


def own_words(names: Mapping[str, str]) -> dict[str, str]:
    """Return the words that occur in the name of one person only (names: user -> name), with that person."""
    bearers: dict[str, list[str]] = {}
    for user, name in names.items():
        for word in {word.casefold() for word in _WORD.findall(name)}:
            bearers.setdefault(word, []).append(user)
    return {word: users[0] for word, users in bearers.items() if len(users) == 1}


def common_words(texts: Iterable[str]) -> set[str]:
    """Return the words that occur in more than a tenth of the texts: they are not read as names."""
    counts: Counter[str] = Counter()
    size = 0
    for text in texts:
        size += 1
        counts.update(words_of(text))
    return {word for word, count in counts.items() if count > max(_COMMON * size, 1)}


def named_in(text: str, own: Mapping[str, str], *, common: Collection[str] = ()) -> list[str]:
    """Return the people named in *text*, by id, each once: those whose own word occurs there with a capital."""
    return sorted({own[word] for word in words_of(text) if word in own and word not in common})


class Near(NamedTuple):
    """A question of the Fit that is near a vector in meaning, with its cosine and its own vector."""

    question: str
    cosine: float
    vector: Floats


def nearest(snapshot: Snapshot, vectors: Mapping[str, Floats]) -> dict[str, list[Near]]:
    """Return the questions of the Fit most similar to each vector, most similar first."""
    if not vectors:
        return {}
    asked = [{"id": id_, "vector": [float(x) for x in vector]} for id_, vector in vectors.items()]
    found = snapshot.graph.read(
        "like_questions", dataset=snapshot.dataset, fit=snapshot.fit, rows=asked, top_k=_LIKE_QUESTIONS
    )
    return {
        row["id"]: [Near(other, cosine, np.array(vector, dtype=np.float64)) for other, cosine, vector in row["nearest"]]
        for row in found
    }


class Alike(NamedTuple):
    """A known question that a new one is like: how far its answers count, and whether both scales point one way."""

    question: str
    weight: float
    sign: int
    cosine: float


def _alike(
    snapshot: Snapshot,
    new: Sequence[Question],
    near: Mapping[str, Sequence[Near]],
    questions: Mapping[str, Question],
    vectors: Mapping[str, Floats],
) -> list[list[Alike]]:
    """Return for each new question those that its answers follow: whose scale points its way, or the contrary way.

    Questions of which it is not known which way they point relative to the new one are left out.
    """
    if not near:
        return [[] for _ in new]
    stored = {one.question: one.vector for found in near.values() for one in found}
    traits, of_words, common = _named(snapshot, new, [questions[id_].text for id_ in sorted(stored)])
    size = max((len(values) for values in (*traits.values(), *of_words.values())), default=1)
    made: list[list[Alike]] = []
    for question in new:
        signs = {one.question: aligned(question, questions[one.question]) for one in near.get(question.id, ())}
        alike = [id_ for id_, sign in signs.items() if sign]
        if not alike:
            made.append([])
            continue
        named_here = [of_words[word] for word in sorted(words_of(question.text) - common) if word in of_words]
        named = np.zeros((1 + len(alike), size))
        if named_here:
            named[0] = np.mean(named_here, axis=0)
        for row, id_ in enumerate(alike, start=1):
            if id_ in traits:
                named[row] = traits[id_]
        weights = weights_of(
            [question.text, *(questions[id_].text for id_ in alike)],
            [question.options, *(questions[id_].options for id_ in alike)],
            np.array([vectors[question.id], *(stored[id_] for id_ in alike)]),
            named,
            new=1,
        )
        cosines = {one.question: one.cosine for one in near[question.id]}
        made.append(
            [
                Alike(id_, weight, signs[id_], cosines[id_])
                for id_, weight in zip(alike, weights[0].tolist(), strict=True)
            ]
        )
    return made


def _named(
    snapshot: Snapshot, new: Sequence[Question], texts: Sequence[str]
) -> tuple[dict[str, Floats], dict[str, Floats], set[str]]:
    """Return the traits of people named in questions of the Fit (by question) and in words of new questions (by word).

    Words that are too common for names are returned too. Traits have length 1 before means are taken.
    """
    graph, dataset, fit = snapshot.graph, snapshot.dataset, snapshot.fit
    by_question: dict[str, list[Floats]] = {}
    for row in graph.read("named", dataset=dataset, fit=fit, as_of=snapshot.as_of):
        by_question.setdefault(row["question"], []).append(_unit(row["traits"]))
    if not by_question:
        return {}, {}, set()
    common = common_words(texts)
    words = sorted({word for question in new for word in words_of(question.text)} - common)
    called = graph.read("people_called", dataset=dataset, fit=fit, words=words, as_of=snapshot.as_of)
    bearers: dict[str, dict[str, Floats]] = {}
    for row in called:
        bearers.setdefault(row["word"], {})[row["user"]] = _unit(row["traits"])
    of_words = {word: next(iter(users.values())) for word, users in bearers.items() if len(users) == 1}
    return {question: np.mean(found, axis=0) for question, found in by_question.items()}, of_words, common


def _unit(values: Sequence[float]) -> Floats:
    made = np.asarray(values, dtype=np.float64)
    return np.asarray(made / (np.linalg.norm(made) or 1.0))


def measure_unseen(
    population: Population, wording: Wording | None, *, seed: int
) -> tuple[tuple[float, float], ...] | None:
    """Return how often the direction of a question that nobody answered is told right, by its similarity to known ones.

    Up to 200 questions, drawn by *seed*, are held out one by one, and placed by the others as a new question is. It is
    right when it goes with the other questions on the whole as was predicted. The result are points of cosine and
    share, ascending: the shares rise with the cosine of the nearest question (isotonic regression). None where fewer
    than 30 questions can be held out.
    """
    questions = population.questions
    if wording is None or len(questions) < _LEAST_HELD_OUT:
        return None
    similar = wording.questions @ wording.questions.T
    np.fill_diagonal(similar, -1.0)
    found: list[tuple[float, bool]] = []
    drawn = np.random.default_rng(seed).permutation(len(questions))[:_MOST_HELD_OUT]
    for held_out in np.sort(drawn).tolist():
        near = np.argsort(-similar[held_out], kind="stable")[:_LIKE_QUESTIONS].tolist()
        signs = {other: aligned(questions[held_out], questions[other]) for other in near if other != held_out}
        alike = [other for other, sign in signs.items() if sign]
        if not alike:
            continue
        some = [held_out, *alike]
        weights = weights_of(
            [questions[one].text for one in some], [questions[one].options for one in some], wording.questions[some],
            np.zeros((len(some), 1)), new=1,
        )[0]  # fmt: skip
        rest = np.ones(len(questions), dtype=bool)
        rest[held_out] = False
        predicted = (weights * [signs[other] for other in alike]) @ population.links[alike][:, rest]
        is_right = float(predicted @ population.links[held_out, rest]) > 0
        found.append((float(similar[held_out, alike].max()), is_right))
    if len(found) < _LEAST_HELD_OUT:
        return None
    from sklearn.isotonic import IsotonicRegression

    cosines, right = np.array(found, dtype=np.float64).T
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(cosines, right)
    points = zip(curve.X_thresholds_, curve.y_thresholds_, strict=True)
    return tuple((round(float(cosine), 6), round(float(share), 6)) for cosine, share in points)


def told_right(curve: Sequence[tuple[float, float]], cosine: float) -> float:
    """Return the share of held-out questions of such a similarity whose direction was told right.

    >>> told_right([(0.3, 0.5), (0.5, 0.9)], 0.4)
    0.7
    """
    return round(float(np.interp(cosine, *np.array(curve).T)), 6)


def _rates(question: Question, rates: Sequence[Floats], weights: Floats) -> Floats:
    """Return the base rates of a new question: the weighted mean of similar questions' rates, each 0.02 or more.

    *rates* are from the low to the high end of the new question. Where the weights sum to less than 1, the mean of all
    makes up the rest.
    """
    if not rates:
        return np.full(len(question.options), 1 / max(len(question.options), 1))
    table = np.array(rates)
    mixed = np.maximum(weights @ table + (1 - weights.sum()) * table.mean(axis=0), _LEAST_RATE)
    return np.asarray((mixed / mixed.sum())[np.argsort(low_to_high(question))])
