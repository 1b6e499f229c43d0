"""With the embedding model that it was measured with, free text gets a term when it speaks for it, and rarely else."""

from __future__ import annotations

import pytest

from benchmarks.vocabulary.cases import examples, found
from persona_db.chains.fit.lexicon import MEASURED_WITH, THRESHOLDS, Lexicon
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.graph.embedding import SentenceTransformerEmbedder


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    embedder = SentenceTransformerEmbedder()
    assert embedder.name == MEASURED_WITH
    return Lexicon(embedder.embed)


@pytest.mark.parametrize("use", ["choose", "test"])
def test_four_of_five_terms_that_are_given_are_right(lexicon: Lexicon, use: str) -> None:
    """Of the labelled sentences, on the half that thresholds were chosen on and on the other."""
    key = {term.name: term.key for term in VOCABULARY}
    cases = [case for case in examples() if case.use == use]
    given = [one.case.right for one in found(cases, lexicon) if one.score >= THRESHOLDS.get(key[one.case.term], 9.0)]
    assert len(given) >= 5
    assert sum(given) >= 0.8 * len(given)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The weather was fine. I want my children to keep the customs of our grandparents.", {"tradition"}),
        ("I don't care about tradition.", set()),
        ("Tradition means nothing to me.", set()),
        ("When does the traditional procession begin?", set()),
        ("Users must always be free to decide for themselves.", {"self-direction"}),
        ("I am happy when others decide for me.", set()),
        ("The chatbot answered in two seconds.", set()),
    ],
)
def test_a_stance_counts_not_a_topic(lexicon: Lexicon, text: str, terms: set[str]) -> None:
    """For a value, against it, and asking about it are told apart."""
    [weights] = lexicon.weights([text])
    assert {term.name for term, weight in zip(VOCABULARY, weights, strict=True) if weight > 0} == terms
