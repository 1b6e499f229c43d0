"""What the statistical engine reads in a history before it distils, induces and keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.leanings import Leaning, PersonLeanings, term_leanings
from persona_db.chains.fit.lexicon import Lexicon
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.persona import UserHistory
from persona_db.graph.models import HistoryItem

__all__ = ["Read", "Term", "terms_of"]

Floats = NDArray[np.float64]


class Term(NamedTuple):
    """A term that a person speaks for, with the texts that do so, and how clearly each does, clearest first."""

    leaning: Leaning
    items: list[HistoryItem]
    clear: Floats


class Read(NamedTuple):
    """What is read in a history: the answers as a row, what distinguishes the person, the terms of their texts."""

    history: UserHistory
    choice: NDArray[np.int16]
    own: PersonLeanings
    terms: list[Term]


def terms_of(settings: EngineSettings, lexicon: Lexicon | None, items: Sequence[HistoryItem]) -> list[Term]:
    """Return the terms that a person's texts speak for, the clearest first; none without a lexicon."""
    said = [item for item in items if item.question is None]
    if lexicon is None or not said:
        return []
    weights = lexicon.weights([item.text for item in said])
    place = {term.key: index for index, term in enumerate(VOCABULARY)}
    found = []
    for leaning in term_leanings(settings, weights.max(axis=0)):
        own = weights[:, place[leaning.key]]
        speaking = [row for row in np.argsort(-own, kind="stable") if own[row] > 0]
        found.append(Term(leaning, [said[row] for row in speaking], own[speaking]))
    return found
