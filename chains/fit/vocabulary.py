"""The closed vocabularies that free text is matched with by semantic similarity: values, moral foundations, ideologies.

The ten basic values are Schwartz's, the moral foundations those of Haidt and Graham (virtue and vice words);
both are the sets the paper uses (appendix). The descriptions are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.persona import KeyKind
from persona_db.graph.ids import key_id

__all__ = ["VOCABULARY", "Lexicon", "Term", "score_texts"]

Floats = NDArray[np.float64]


_TERMS: Mapping[KeyKind, Mapping[str, str]] = {
    "value": {
        "self-direction": "People should decide for themselves, think freely and choose their own way.",
        "stimulation": "Life should be exciting, full of novelty and challenge.",
        "hedonism": "Enjoying oneself, pleasure and fun matter most.",
        "achievement": "Being successful and competent, and showing it, matters.",
        "power": "Status, wealth and control over others and resources matter.",
        "security": "Safety, stability and protection from harm and risk come first.",
        "conformity": "People should follow the rules and not upset others.",
        "tradition": "Customs, religion and the ways of our forebears should be kept.",
        "benevolence": "Helping and caring for the people close to us comes first.",
        "universalism": "Everyone deserves equal treatment, understanding and protection, and so does nature.",
    },
    "moral": {
        "care": "Those who suffer must be cared for and protected.",
        "harm": "It is wrong because it hurts people, physically or emotionally.",
        "fairness": "Everyone should be treated fairly and get what they deserve.",
        "cheating": "It is wrong because it deceives, manipulates or takes unfair advantage.",
        "loyalty": "One should stand by one's own group, family and country.",
        "betrayal": "It is wrong because it breaks trust and betrays those who relied on it.",
        "authority": "Experts, law and legitimate leaders should be respected and obeyed.",
        "subversion": "Authority should be questioned, resisted or overturned.",
        "purity": "Some things are sacred, wholesome or natural and must be kept clean.",
        "degradation": "It is disgusting, indecent or degrading.",
    },
    "ideology": {
        "liberal": "Progress, social justice and government action for the disadvantaged are right.",
        "conservative": "Traditional values, small government and national strength are right.",
        "libertarian": "Individual liberty and free choice with as little regulation as possible are right.",
        "environmentalist": "Protecting the climate and the environment comes before growth.",
        "technological optimist": "New technology makes life better and should be embraced.",
        "technological sceptic": "New technology is dangerous, invades privacy and should be limited.",
    },
}


_BEST_ITEMS = 3
TextVectors = Callable[[Sequence[str]], NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Term:
    """A word of a closed vocabulary, and a sentence that its holder might say."""

    kind: KeyKind
    name: str
    description: str

    @property
    def key(self) -> str:
        return key_id(self.kind, self.name)


VOCABULARY: tuple[Term, ...] = tuple(
    Term(kind, name, text) for kind, names in _TERMS.items() for name, text in names.items()
)


def score_texts(vectors: NDArray[np.floating[Any]], terms: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the similarity of a person's texts to each term, and the most similar texts.

    `vectors` (texts x dimension) and `terms` (terms x dimension) are unit rows. The score is the mean cosine of
    the three most similar texts (of all, when fewer); the second result lists these texts a term, most similar first.
    """
    cosine = vectors @ terms.T
    count = min(_BEST_ITEMS, len(vectors))
    closest = np.argsort(-cosine, axis=0, kind="stable")[:count]
    return np.take_along_axis(cosine, closest, axis=0).mean(axis=0), closest.T


@dataclass(frozen=True)
class Lexicon:
    """The means to match free text: `vectors_of` gives unit rows for people's texts, `embed` for other texts."""

    vectors_of: TextVectors
    embed: TextVectors

    @cached_property
    def terms(self) -> Floats:
        """A unit row for each term of the vocabulary."""
        return np.asarray(self.embed([term.description for term in VOCABULARY]), dtype=np.float64)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return the similarity of a person's texts, one or more, to each term."""
        return score_texts(self.vectors_of(texts), self.terms)[0]
