"""A text speaks for a term when one of its sentences does, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from persona_db.chains.fit.lexicon import THRESHOLDS, Lexicon
from persona_db.chains.fit.vocabulary import NEUTRAL, OPPOSITES, VOCABULARY, Term
from persona_db.graph.sentences import sentences

AXES = {
    text: axis
    for axis, text in enumerate(
        dict.fromkeys(
            [text for term in VOCABULARY for text in (*term.examples, *term.contrasts)] + list(NEUTRAL),
        )
    )
}
TRADITION = next(term for term in VOCABULARY if term.name == "tradition")
OTHER = next(term for term in VOCABULARY if term.name == "hedonism")


class Meaning:
    """An embedder in which every labelled sentence has an axis of its own, and others are what *mixed* says."""

    def __init__(self, mixed: Mapping[str, Mapping[str, float]]) -> None:
        self._mixed = mixed

    def embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        rows = np.zeros((len(texts), len(AXES) + 1))
        for row, text in zip(rows, texts, strict=True):
            for near, cosine in self._mixed.get(text, {text: 1.0} if text in AXES else {}).items():
                row[AXES[near]] = cosine
            row[-1] = np.sqrt(max(0.0, 1 - (row**2).sum()))
        return rows


def weight(
    text: str, mixed: Mapping[str, Mapping[str, float]], *, needed: float = 0.6, term: Term = TRADITION
) -> float:
    """How clearly a text speaks for a term."""
    lexicon = Lexicon(Meaning(mixed).embed, {term.key: needed})
    return float(lexicon.weights([text])[0, VOCABULARY.index(term)])


@pytest.mark.parametrize("seed", range(20))
def test_a_text_speaks_for_a_term_when_one_of_its_sentences_does(seed: int) -> None:
    """Nearness plus half the margin over the nearest contrast reaches the threshold, in some sentence."""
    rng = np.random.default_rng(seed)
    near, far = rng.uniform(0, 0.7, size=(2, 4)).round(2)
    said = {
        f"Sentence {n} of {seed}.": {TRADITION.examples[n]: near[n], TRADITION.contrasts[n]: far[n]} for n in range(4)
    }
    passes = any(far[n] <= near[n] and near[n] + (near[n] - far[n]) / 2 >= 0.6 for n in range(4))
    assert (weight(" ".join(said), said) > 0) == passes


def test_a_text_is_as_clear_as_its_clearest_sentence() -> None:
    """At the threshold a half, at 0.2 over it all, and more sentences make it no less."""
    said = {f"At {cosine}.": {TRADITION.examples[0]: cosine} for cosine in (0.2, 0.4, 0.45, 0.6)}
    found = [weight(text, said) for text in ("At 0.2.", "At 0.4.", "At 0.45.", "At 0.6.", "At 0.2. At 0.45. At 0.4.")]
    assert found == pytest.approx([0.0, 0.5, 0.5 + 0.075 / 0.4, 1.0, 0.5 + 0.075 / 0.4])


def test_a_contrary_stance_speaks_for_nothing() -> None:
    """A sentence nearer to a contrast, to what is neutral or to an opposite term says nothing for a term."""
    conformity = next(term for term in VOCABULARY if term.name == "conformity")
    opposite = next(term for term in VOCABULARY if term.name in OPPOSITES["conformity"])
    for against in (conformity.contrasts[0], NEUTRAL[0], opposite.examples[0]):
        said = {"So it is.": {conformity.examples[0]: 0.65, against: 0.7}}
        assert weight("So it is.", said, needed=0.1, term=conformity) == 0
    assert "I do not care about tradition." in TRADITION.contrasts


def test_another_term_that_is_nearer_is_meant() -> None:
    """A sentence speaks for a second term only when it is nearly as near."""
    for cosine, speaks in ((0.62, True), (0.7, False)):
        said = {"So it is.": {TRADITION.examples[0]: 0.6, OTHER.examples[0]: cosine}}
        assert (weight("So it is.", said) > 0) == speaks


@pytest.mark.parametrize(
    "text",
    [
        "Shall we keep it?",
        "How to keep it.",
        "I would ask whether it is kept.",
        "Some people keep it.",
        "The argument against it is this.",
    ],
)
def test_asking_and_reporting_speak_for_nothing(text: str) -> None:
    """Whatever a question or others' opinion is about, it is not what the person holds."""
    assert weight(text, {text: {TRADITION.examples[0]: 0.95}}) == 0
    assert weight("We keep it.", {"We keep it.": {TRADITION.examples[0]: 0.95}}) == 1


def test_a_term_without_a_threshold_is_never_given() -> None:
    """Not even to its own examples; those that have one are terms of the vocabulary."""
    assert not Lexicon(Meaning({}).embed, {}).weights(TRADITION.examples).any()
    assert set(THRESHOLDS) <= {term.key for term in VOCABULARY}


def test_texts_are_scored_alike_alone_and_together() -> None:
    """The other texts of a call change nothing, and each text's sentences are embedded once."""
    calls: list[str] = []
    meaning = Meaning({})

    def counted(texts: Sequence[str]) -> NDArray[np.float64]:
        calls.extend(texts)
        return meaning.embed(texts)

    lexicon = Lexicon(counted, dict.fromkeys((term.key for term in VOCABULARY), 0.6))
    texts = [VOCABULARY[0].examples[0], "Nothing.", VOCABULARY[3].examples[1], ""]
    together = lexicon.weights(texts)
    apart = np.concatenate([Lexicon(meaning.embed, lexicon.thresholds).weights([text]) for text in texts])
    assert np.array_equal(together, apart)
    before = len(calls)
    assert np.array_equal(lexicon.weights(texts), together)
    assert len(calls) == before


def test_sentences_of_the_vocabulary_are_one_each_and_of_one_term() -> None:
    """Else what speaks for a term would be split; an example is no contrast of its own term."""
    for term in VOCABULARY:
        assert len(term.examples) >= 4
        assert len(term.contrasts) >= 4
        assert not set(term.examples) & {*term.contrasts, *NEUTRAL}
    every = [text for term in VOCABULARY for text in term.examples]
    assert len(every) == len(set(every))


def test_sentences_end_at_marks_and_lines() -> None:
    """Marks inside a word or number end nothing, closing quotes stay out, and blank lines are no sentence."""
    said = 'It costs 2.50 a day! "Really?" she asked...\n\n- first point\n- second point. Done'
    assert sentences(said) == [
        "It costs 2.50 a day!", '"Really?', "she asked...", "- first point", "- second point.", "Done",
    ]  # fmt: skip
    assert sentences(" \n ") == []
