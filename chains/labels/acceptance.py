"""What of a reading of questions can be used: labels that name their matter, stances that say what the option says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from persona_db.chains.labels.polarity import polarity
from persona_db.chains.labels.rules import names_itself
from persona_db.chains.labels.sides import is_no_answer
from persona_db.graph.labels import LONGEST_LABEL, LONGEST_STANCE
from persona_db.graph.models import Question
from persona_db.graph.names import QuestionContent

__all__ = ["Acceptance"]

_MOST_WORDS = 10
_MOST_QUESTIONS = 3
"""Questions that may have a word by which one of them is named."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_ASKS = re.compile(
    r"(should|would|do|does|did|is|are|was|were|will|can|could|has|have|how|what|which|why|where|when|who)\b|.*\?$",
    re.IGNORECASE,
)
_ANSWERS = re.compile(r"(yes|no)\b(?!\s+\w+$)", re.IGNORECASE)
_FOR = re.compile(r"(for|in favou?r|supports?|agrees?|approves?|wants?)\b", re.IGNORECASE)
_AGAINST = re.compile(r"(against|opposes?|disagrees?|disapproves?)\b", re.IGNORECASE)
_MANY = re.compile(r"\b(much|many|high|great|strong|always|often)\b", re.IGNORECASE)
_FEW = re.compile(r"\b(little|few|low|hardly|weak|never|rarely)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Acceptance:
    """The words by which the questions of a dataset are told apart: beginnings of words that few of them have."""

    rare: frozenset[str]

    @classmethod
    def of(cls, questions: Iterable[Question]) -> Acceptance:
        """Return what tells *questions* apart."""
        counts = Counter(word for question in questions for word in _words(question.text))
        return cls(frozenset(word for word, count in counts.items() if count <= _MOST_QUESTIONS))

    def label(self, question: Question, given: str) -> tuple[str, list[str]]:
        """Return the label as it can be used, '' otherwise, and why it cannot.

        A question that names itself in brackets, or is short enough to be its own name, keeps that name.
        """
        label = " ".join(given.split()).strip(" .:")
        label = label[:1].upper() + label[1:]
        if names_itself(question):
            return "", []
        if not 2 <= len(label) <= LONGEST_LABEL or len(label.split()) > _MOST_WORDS:
            return "", ["label is too long"]
        if _ASKS.match(label):
            return "", ["label is a question"]
        if not self._names(label, question, besides=()):
            return "", ["label shares no word with the question that tells it from others"]
        return label, []

    def stances(self, question: Question, given: Mapping[int, str]) -> tuple[dict[int, str], list[str]]:
        """Return the stances by option that can be used, and why others cannot; none for options that express none."""
        found: dict[int, str] = {}
        rejected: list[str] = []
        for place, text in sorted(given.items()):
            option = question.options[place]
            stance = " ".join(text.split()).strip(" .")
            if not stance or is_no_answer(option):
                continue
            why = self._refused(question, option, stance, found.values())
            if why:
                rejected.append(f"stance of {option!r} {why}")
            else:
                found[place] = stance[:1].upper() + stance[1:]
        return found, rejected

    def content(self, given: QuestionContent) -> QuestionContent | None:
        """Return what a question is about as far as a reading is believed: none that would hide its answers."""
        return given if given in ("opinion", "behaviour") else None

    def _refused(self, question: Question, option: str, stance: str, others: Iterable[str]) -> str:
        reasons = {
            "is too long": len(stance) > LONGEST_STANCE or len(stance.split()) > _MOST_WORDS,
            "is a question or an answer to one": _ASKS.match(stance) or _ANSWERS.match(stance),
            "says the contrary": _contrary(option, stance),
            "cannot be read alone": not self._names(stance, question, besides=question.options),
            "says something else": not _says(option, stance),
            "is that of another option": stance.casefold() in {other.casefold() for other in others},
        }
        return next((why for why, holds in reasons.items() if holds), "")

    def _names(self, text: str, question: Question, *, besides: Sequence[str]) -> bool:
        """Whether a text has a word of the question that few others have and that none of *besides* has."""
        known = (_words(question.text) & self.rare) - {word for other in besides for word in _words(other)}
        return bool(known & _words(text))


def _words(text: str) -> set[str]:
    """Return how the words of a text begin, in four letters: forms of a word begin alike."""
    return {word[:4] for word in _WORD.findall(text.casefold())}


def _says(option: str, stance: str) -> bool:
    """Whether a stance has every word of its option, or is plainly for or against as the option is."""
    words = _words(option)
    if words and words <= _words(stance):
        return True
    begins = 1 if _FOR.match(stance) else -1 if _AGAINST.match(stance) else 0
    return begins != 0 and begins == polarity(option)


def _contrary(option: str, stance: str) -> bool:
    """Whether words of amount, or of yes and no, stand against each other in an option and its stance."""
    if bool(_MANY.search(option)) != bool(_FEW.search(option)):
        of_option, of_stance = bool(_MANY.search(option)), bool(_MANY.search(stance))
        if of_option != of_stance and bool(_FEW.search(stance)) == of_option:
            return True
    return polarity(option) * polarity(stance) < 0
