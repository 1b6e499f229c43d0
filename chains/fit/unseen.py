"""Questions that nobody answered: the known questions similar to them, by text and by the people they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.scale import low_to_high, same_options, widths
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.graph.models import Question

__all__ = ["common_words", "named_in", "own_words", "weights_of", "words_of"]

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


def _nearest(snapshot: Snapshot, vectors: Mapping[str, Floats]) -> dict[str, list[tuple[str, float]]]:
    """Return the questions of the Fit most similar to each vector, most similar first, with the cosine."""
    if not vectors:
        return {}
    asked = [{"id": id_, "vector": [float(x) for x in vector]} for id_, vector in vectors.items()]
    found = snapshot.graph.read(
        "like_questions", dataset=snapshot.dataset, fit=snapshot.fit, rows=asked, top_k=_LIKE_QUESTIONS
    )
    return {row["id"]: [(other, cosine) for other, cosine in row["nearest"]] for row in found}


def _alike(
    snapshot: Snapshot,
    new: Sequence[Question],
    near: Mapping[str, Sequence[tuple[str, float]]],
    questions: Mapping[str, Question],
    vectors: Mapping[str, Floats],
) -> list[list[tuple[str, float]]]:
    """Return for each new question the questions with as many options that its answers follow, with weights."""
    if not near:
        return [[] for _ in new]
    ids = sorted({id_ for found in near.values() for id_, _ in found})
    rows = snapshot.graph.read("find_questions", dataset=snapshot.dataset, ids=ids)
    stored = {row["id"]: np.array(row["vector"], dtype=np.float64) for row in rows}
    traits, of_words, common = _named(snapshot, new, [questions[id_].text for id_ in ids])
    size = max((len(values) for values in (*traits.values(), *of_words.values())), default=1)
    made: list[list[tuple[str, float]]] = []
    for question in new:
        width = widths(question)
        alike = [id_ for id_, _ in near.get(question.id, ()) if widths(questions[id_]) == width]
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
        made.append(list(zip(alike, weights[0].tolist(), strict=True)))
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


def _rates(question: Question, rates: Sequence[Floats], weights: Floats) -> Floats:
    """Return the base rates of a new question: the weighted mean of similar questions' rates, each 0.02 or more.

    *rates* are from low to high. Where the weights sum to less than 1, the mean of all makes up the rest.
    """
    if not rates:
        return np.full(len(question.options), 1 / max(len(question.options), 1))
    table = np.array(rates)
    mixed = np.maximum(weights @ table + (1 - weights.sum()) * table.mean(axis=0), _LEAST_RATE)
    return np.asarray((mixed / mixed.sum())[np.argsort(low_to_high(question))])
