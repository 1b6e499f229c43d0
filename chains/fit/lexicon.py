"""Which terms of the closed vocabularies a text speaks for, by the similarity of its sentences to labelled ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.vocabulary import NEUTRAL, OPPOSITES, VOCABULARY, Term
from persona_db.graph.sentences import sentences

__all__ = ["MEASURED_WITH", "THRESHOLDS", "Lexicon"]

Floats = NDArray[np.float64]
TextVectors = Callable[[Sequence[str]], NDArray[np.floating[Any]]]

MEASURED_WITH = "all-MiniLM-L6-v2"
"""The embedding model that the thresholds were measured with; cosines of another are not on their scale."""
THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "value:self-direction": 0.60,
        "value:hedonism": 0.60,
        "value:achievement": 0.60,
        "value:tradition": 0.60,
        "value:universalism": 0.60,
        "moral:care": 0.60,
        "moral:harm": 0.60,
        "moral:purity": 0.60,
        "ideology:environmentalist": 0.60,
    }
)
"""The score that a text needs, by the term's key; a term that is not here is never given.

Chosen by `python -m benchmarks.vocabulary` for a precision of at least 0.8.
"""
_NEAREST_TERM = 0.05
_MARGIN = 0.5
_FULL = 0.2
_UNSAID = -1.0
_ASKS = re.compile(
    r"""\?["')\]’”]*$
    | ^(how|why|whether|is|are|was|does|did|can|could|would|should)\b
    | \bi('d|\ would)\ (ask|like\ to\ (ask|know)|have\ liked\ to\ (ask|know))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_REPORTS = re.compile(
    r"""\b(some|many|most|other)\ (people|users|folks)\b
    | \bothers\ (say|think|might|may|would)\b
    | \bargument\ against\b
    | \b(might|could|would|may)\ (say|argue)\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Lexicon:
    """The means to match free text; `embed` gives a unit row for each text, `thresholds` what a term's score needs.

    A sentence is scored by its nearest example of the term: its cosine, plus half of the margin by which it is nearer
    than the nearest sentence that takes the contrary stance or none. A sentence says nothing for a term when that
    margin is negative, when another term is nearer by more than 0.05, when it asks, or when it reports what others say.
    A text has the score of its best sentence, so that what other people write changes nothing.
    """

    embed: TextVectors
    thresholds: Mapping[str, float] = field(default_factory=lambda: THRESHOLDS)
    _scored: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def weights(self, texts: Sequence[str]) -> Floats:
        """Return how clearly each text speaks for each term (texts x vocabulary): 0, or from 0.5 at the threshold to 1.

        It is 1 from 0.2 above the threshold on.
        """
        needed = np.array([self.thresholds.get(term.key, np.inf) for term in VOCABULARY])
        above = self.scores(texts) - needed
        return np.where(above >= 0, np.minimum(0.5 + 0.5 * above / _FULL, 1.0), 0.0)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return the score of each text for each term (texts x vocabulary), -1 where it says nothing for it."""
        new = {text: sentences(text) for text in dict.fromkeys(texts) if text not in self._scored}
        said = [sentence for parts in new.values() for sentence in parts]
        rows = self._sentence_scores(said)
        start = 0
        for text, parts in new.items():
            own = rows[start : start + len(parts)]
            self._scored[text] = own.max(axis=0, initial=_UNSAID)
            start += len(parts)
        return np.array([self._scored[text] for text in texts]).reshape(len(texts), len(VOCABULARY))

    def _sentence_scores(self, said: Sequence[str]) -> Floats:
        if not said:
            return np.full((0, len(VOCABULARY)), _UNSAID)
        vectors = np.asarray(self.embed(said), dtype=np.float64)
        near = _nearest(vectors, self._examples)
        margin = near - _nearest(vectors, self._contrasts)
        states = np.array([not (_ASKS.search(one) or _REPORTS.search(one)) for one in said])
        says = (margin >= 0) & (near >= near.max(axis=1, keepdims=True) - _NEAREST_TERM) & states[:, None]
        return np.where(says, near + _MARGIN * margin, _UNSAID)

    @cached_property
    def _examples(self) -> list[Floats]:
        return self._vectors([term.examples for term in VOCABULARY])

    @cached_property
    def _contrasts(self) -> list[Floats]:
        return self._vectors([_contrasts(term) for term in VOCABULARY])

    def _vectors(self, groups: Sequence[Sequence[str]]) -> list[Floats]:
        """Return the vectors of each group of sentences, each distinct sentence embedded once."""
        place = {text: at for at, text in enumerate(dict.fromkeys(text for group in groups for text in group))}
        rows = np.asarray(self.embed(list(place)), dtype=np.float64)
        return [rows[[place[text] for text in group]] for group in groups]


def _contrasts(term: Term) -> tuple[str, ...]:
    """Return what a sentence must be farther from than from the term: its contrasts, its opposites, what is neutral."""
    opposed = [text for other in VOCABULARY if other.name in OPPOSITES.get(term.name, ()) for text in other.examples]
    return (*term.contrasts, *opposed, *NEUTRAL)


def _nearest(vectors: Floats, groups: Sequence[Floats]) -> Floats:
    """Return the cosine of each row to the nearest of each group (rows x groups)."""
    return np.stack([(vectors @ group.T).max(axis=1) for group in groups], axis=1)
