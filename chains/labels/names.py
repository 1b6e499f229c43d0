"""Readable names: labels of questions, and of each answer and each side of a scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from persona_db.chains.labels.rules import is_statement, label_rule
from persona_db.chains.labels.texts import LONGEST_NAME, shortened
from persona_db.graph.models import Question

__all__ = ["Names", "several"]

_LEAST_LABEL = 14
_DEGREES = frozenset(
    {"definitely", "probably", "strongly", "somewhat", "very", "fairly", "extremely", "moderately", "mostly"}
    | {"completely", "rather", "quite"}
)


@dataclass(frozen=True)
class Names:
    """The labels of some questions and how each answer is called; ids of questions are the keys."""

    questions: Mapping[str, Question]
    labels: Mapping[str, str]
    worded: Mapping[tuple[str, int], str]
    """How everybody words an answer, of answers that everybody words alike."""

    @classmethod
    def of(cls, questions: Iterable[Question], worded: Mapping[tuple[str, int], str] | None = None) -> Names:
        """Return the names of *questions*: what a source, a person or a model gave them, otherwise made by rule."""
        known = {question.id: question for question in questions}
        ruled = label_rule([question for question in known.values() if not question.label])
        return cls(known, {id_: one.label or ruled[id_] for id_, one in known.items()}, worded or {})

    def answer(self, question: str, option: int) -> str:
        """Return what an answer says, in 60 characters: its stance, or the label and the option."""
        return self.side(question, (option,))

    def side(self, question: str, options: Sequence[int], *, longest: int = LONGEST_NAME) -> str:
        """Return what the options of a side say, in *longest* characters: a stance, or the label and the options."""
        asked = self.questions[question]
        if len(options) == 1:
            said = (asked.stances[options[0]] if asked.stances else "") or self._worded(asked, options[0])
            if said and len(said) <= longest:
                return said
        return _named(self.labels[question], self.several(question, options), longest)

    def sentence(self, question: str, options: Sequence[int], *, longest: int) -> str:
        """Return what the options of a side say in more words: a statement that one agrees to is quoted as it is."""
        asked = self.questions[question]
        if is_statement(asked) and not asked.label and not (len(options) == 1 and asked.stances):
            text = " ".join(asked.text.split()).strip('"“” ')
            said = self.several(question, options)
            whole = f"{said[:1].upper()}{said[1:]}: “{text}”"
            if len(whole) <= longest:
                return whole
        return self.side(question, options, longest=longest)

    def _worded(self, asked: Question, option: int) -> str:
        """Return how everybody words an answer, unless that repeats the question; '' where there is no such text."""
        text = self.worded.get((asked.id, option), "")
        return "" if asked.text in text else text

    def several(self, question: str, options: Sequence[int]) -> str:
        """Return one expression for the options of a side."""
        asked = self.questions[question].options
        return several(
            [asked[option] for option in options], [text for at, text in enumerate(asked) if at not in options]
        )


def _named(label: str, answer: str, longest: int) -> str:
    """Return `label: answer`; where there is no room for both the answer stands first, and all of it if it can."""
    whole = f"{label}: {answer}"
    if len(whole) <= longest:
        return whole
    if len(answer) + _LEAST_LABEL <= longest:
        return f"{answer} · {shortened(label, longest - len(answer) - 3)}"
    return shortened(answer, longest)


def _bare(option: str) -> str:
    """Return an option without words of degree."""
    return " ".join(word for word in option.split() if word.casefold() not in _DEGREES)


def several(options: Sequence[str], others: Sequence[str] = ()) -> str:
    """Return one expression for neighbouring options of a scale, which is true of each of them.

    Words of degree are left out where *others*, the options beside them, do not differ from them in degree alone.

    >>> several(["strongly agree", "agree"])
    'agree'
    >>> several(["very likely", "somewhat likely"])
    'likely'
    >>> several(["extremely dangerous", "very dangerous"], ["somewhat dangerous", "not dangerous"])
    'extremely or very dangerous'
    >>> several(["5", "6", "7"])
    '5 to 7'
    >>> several(["never", "seldom"])
    'never or seldom'
    """
    if len(options) == 1:
        return options[0]
    words = [option.split() for option in options]
    shortest = min(words, key=len)
    if all(own[-len(shortest) :] == shortest for own in words) and not _denied(options):
        return " ".join(shortest)
    bare = {_bare(option) for option in options}
    if len(bare) == 1 and (plain := bare.pop()) and plain not in map(_bare, others):
        return plain
    if len(options) > 2:
        return f"{options[0]} to {options[-1]}"
    first, second = words
    if shared := _alike(first[::-1], second[::-1]):
        return f"{' '.join(first[:-shared])} or {options[1]}"
    return f"{options[0]} or {' '.join(second[_alike(first, second) :])}"


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two options begin with alike, at least one word of each being left."""
    most = min(len(one), len(other)) - 1
    return next((at for at in range(most) if one[at] != other[at]), max(most, 0))


def _denied(options: Sequence[str]) -> bool:
    """Whether some option says the contrary of the shortest one, which it ends in: `not important`, `important`."""
    return any(" not " in f" {option.casefold()} " or option.casefold().startswith("un") for option in options)
