"""Labels of questions by rule, from their texts alone."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from math import log

from persona_db.chains.labels.texts import unique
from persona_db.graph.models import Question

__all__ = ["LONGEST_LABEL", "is_statement", "label_rule", "names_itself"]

LONGEST_LABEL = 40
_BRACKET = re.compile(r"\[([^\[\]]{3,120})\]\s*$")
_LETTER = re.compile(r"^\W*[A-Z0-9]{1,2}[.)]\s+")
_ASKING = re.compile(
    r"""^(?:(?:and|so|now|still|generally|overall|in\s+general|please)\b[,:]?\s*)*
        (?:(?:do|would|did|are|is|have|has|can|should|will)\s+you\s+(?:think|feel|believe|say|agree|favou?r(?:\s+or\s+oppose)?
             |ever|personally|happen\s+to|yourself)\b
          |how\s+(?:often|much|many|well|likely|important|concerned|worried|interested|satisfied)\b[^?]*?\byou\b
          |what\s+about|thinking\s+(?:about|of)|think\s+about|what\s+do\s+you\s+think\s+(?:about|of)
          |to\s+what\s+extent)\s*(?:that\s+|about\s+|of\s+|,\s*)?""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_QUESTIONNAIRES = frozenset(
    """
    think thinking thought say said feel feels following statement statements comes closer view views like best way
    please tell agree disagree favor oppose opinion describe describes kind general generally today days things thing
    people person mean good bad better worse important likely important concerned worried often sometimes know
    """.split()  # noqa: SIM905 (to be read as a text)
)
_WORD = re.compile(r"[^\W_](?:[\w'’/$%-]*[^\W_])?")
_AGREEMENT = re.compile(r"\b(dis)?agree|\btrue\b|zustimm|\bstimme\b", re.IGNORECASE)
_CLAUSE = re.compile(r"(?<!\b[A-Z])\.(?=\s|$)|[;:!?()\[\]…]|,(?!\d)|--|\s-\s")
_SENTENCE_END = re.compile(r"[.:?!…]\s")
_COMMON, _FEW = 0.2, 20
_LONGEST_PHRASE = 6
_LEAST_STEM = 4  # words that the questions of a battery have in common
_LEAST_ITEMS = 4
_TAIL = 3  # words at the end of what the items begin with, where it is said what they are about


def label_rule(questions: Sequence[Question]) -> dict[str, str]:
    """Return a label of each question, by id: what the question has that others with the same options have not.

    A text that ends in brackets is called what stands there, as in the General Social Survey. Words that the questions
    of a battery begin with are left out; where the source's own brackets leave out what a battery is about, and name it
    for some item alone, it is put before the others: `Abortion (not married)`. A text that is still too long is called
    by the run of words in it that is rarest among all questions. A statement that is agreed to loses whole sentences
    that it shares with another, and is cut at its end.
    Labels are unique.
    """
    stems, rarity = _stems(questions), _rarity(questions)
    made = {question.id: _label(question, stems.get(question.id, ""), rarity) for question in questions}
    return unique(_with_topics(questions, made, stems, rarity).items())


def is_statement(question: Question) -> bool:
    """Say whether a question is a statement that one agrees to or not."""
    return "?" not in question.text and any(_AGREEMENT.search(option) for option in question.options)


def names_itself(question: Question) -> bool:
    """Say whether a question ends in brackets that name it, or its whole text is short enough to be its name."""
    return _BRACKET.search(question.text) is not None or len(" ".join(question.text.split())) <= LONGEST_LABEL


def _label(question: Question, stem: str, rarity: Mapping[str, float]) -> str:
    bracket = _BRACKET.search(question.text)
    if bracket:
        return _sentence(bracket[1])
    line = " ".join(question.text.split())
    if is_statement(question):
        # Statements begin alike by chance ("Our town needs a ..."): no more than whole sentences are left out.
        stem = stem[: max((end.end() for end in _SENTENCE_END.finditer(stem)), default=0)]
    item = _LETTER.sub("", line[len(stem) :]).strip(" .…:;,-")
    if len(item) < 3:
        item = line
    asked = _ASKING.sub("", item).strip(" ?.…:;,-") or item
    for text in (item.rstrip("?"), asked):
        if len(text) <= LONGEST_LABEL:
            return _sentence(text)
    if is_statement(question):
        return _sentence(item)  # as it is
    return _sentence(_phrase(asked, rarity) or asked)


def _with_topics(
    questions: Sequence[Question], labels: Mapping[str, str], stems: Mapping[str, str], rarity: Mapping[str, float]
) -> dict[str, str]:
    """Return the labels, those of a battery's bracketed items with the word that says what the battery is about.

    It is the rarest of the last words that the items begin with, of those that the label of some item has too. Where
    most of them have it, nothing changes.
    """
    batteries: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for question in questions:
        stem = stems.get(question.id, "")
        if stem and _BRACKET.search(question.text):
            batteries[" ".join(stem.split()[:_LEAST_STEM]), question.options].append(question.id)
    found = dict(labels)
    for members in batteries.values():
        tail = [word.casefold() for word in _words(min((stems[id_] for id_ in members), key=len))[-_TAIL:]]
        named = {word: [id_ for id_ in members if word[: _TAIL + 1] in labels[id_].casefold()] for word in tail}
        topics = [word for word in tail if rarity.get(word) and 0 < 2 * len(named[word]) <= len(members)]
        if len(members) < _LEAST_ITEMS or not topics:
            continue
        topic = max(topics, key=lambda word: rarity[word])
        for id_ in members:
            if id_ not in named[topic]:
                found[id_] = f"{_sentence(topic)} ({labels[id_][:1].lower()}{labels[id_][1:]})"
    return found


def _sentence(text: str) -> str:
    text = " ".join(text.split()).strip()
    return text[:1].upper() + text[1:]


def _stems(questions: Sequence[Question]) -> dict[str, str]:
    """Return the words with which a question and others of the same options begin, cut after a sentence or clause."""
    batteries: dict[tuple[str, ...], list[tuple[list[str], str]]] = defaultdict(list)
    for question in questions:
        batteries[question.options].append((question.text.split(), question.id))
    found: dict[str, str] = {}
    for members in batteries.values():
        members.sort()
        for at, (words, id_) in enumerate(members):
            beside = [*members[max(at - 1, 0) : at], *members[at + 1 : at + 2]]
            shared = max((_common(words, other) for other, _ in beside), default=0)
            shared = min(shared, len(words) - 1)
            if shared >= _LEAST_STEM:
                found[id_] = " ".join(words[:shared]) + " "
    return found


def _common(words: Sequence[str], others: Sequence[str]) -> int:
    count = 0
    for one, other in zip(words, others, strict=False):
        if one != other:
            break
        count += 1
    return count


@cache
def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | _OF_QUESTIONNAIRES


def _rarity(questions: Sequence[Question]) -> Mapping[str, float]:
    """Return the inverse document frequency of each word of the questions, 0 for words that tell nothing alone."""
    counts = Counter(word for question in questions for word in set(_words(question.text.casefold())))
    size = len(questions)
    return {
        word: 0.0 if word in _stop_words() or (size >= _FEW and count > _COMMON * size) else log((size + 1) / count)
        for word, count in counts.items()
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _phrase(text: str, rarity: Mapping[str, float]) -> str:
    """Return the run of at most six words of *text* whose words are rarest together; '' where none is rare.

    It stands between two marks of punctuation, and begins and ends with a word that tells something. The first of
    equals is taken.
    """
    best, found = 0.0, ""
    for clause in _CLAUSE.split(text):
        words = _words(clause)
        weights = [rarity.get(word.casefold(), 0.0) for word in words]
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1):
                phrase = " ".join(words[start:end])
                if not weights[start] or not weights[end - 1] or len(phrase) > LONGEST_LABEL:
                    continue
                worth = sum(weights[start:end]) / (end - start) ** 0.5 * (0.6 if end - start == 1 else 1.0)
                if worth > best + 1e-9:
                    best, found = worth, phrase
    return found
