"""What is asked: questions of the dataset by id, and new ones by text and options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from persona_db.chains.fit.correlations import CorrelationModel, load_correlations
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.fit.unseen import Near, nearest
from persona_db.chains.labels.polarity import tone
from persona_db.graph.errors import ConfigError, UnknownQuestionError
from persona_db.graph.ids import new_question_id
from persona_db.graph.models import Question
from persona_db.graph.users import User, question_of

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder

__all__ = ["is_new", "is_same", "new_question", "plain_option", "prepare"]

_NEAR = 10
_ASKING = frozenset(
    """
    a an the this that these those there it is are was were be been being do does did you your we our us i me my one
    think believe feel say opinion view in of to for on at by with or and as whether if please tell would should could
    will can ought shall which who he she
    """.split()  # noqa: SIM905 (to be read as a text)
)
_SIDES = frozenset({"favor", "oppose"})
_SHORTEST_STEM = 2
_ENDING = re.compile(r"(?:ing|ed|es|e|(?<![su])s)$")


def new_question(text: str, options: Sequence[str]) -> Question:
    """Make a question of its text and ordered options; its id is a hash of both.

    Options in reverse make the same question: its options stand in that one of the two orders which sorts first, so
    that what is computed does not depend on which end was given first.
    """
    if not text.strip() or not all(option.strip() for option in options):
        raise ConfigError("a new question needs a text, and options that are not empty")
    if len(options) < 2 or len(set(options)) < len(options):
        raise ConfigError("a new question needs two or more different options, in order: give each with --option")
    ordinal = tuple(float(place) for place in range(len(options)))
    ordered = min(tuple(options), tuple(options)[::-1])
    return Question(id=new_question_id(text, ordered), text=text, options=ordered, ordinal=ordinal)


def is_new(question: Question) -> bool:
    """Say whether no dataset holds the question: its id is what `new_question` makes of it.

    >>> is_new(new_question("More trees?", ["no", "yes"]))
    True
    >>> is_new(Question(id="trees", text="More trees?", options=("no", "yes")))
    False
    """
    return question.id == new_question_id(question.text, question.options)


def is_same(question: Question, text: str, options: Sequence[str]) -> bool:
    """Say whether *question* is what *text* and *options* ask, in whatever order and case words and options stand.

    Words of asking and the forms of a word make no difference, what is asked about and its negation do. Some of its
    options are enough: the prediction is among these then.

    >>> known = Question(id="q", text="Should buses run at night?", options=("no", "yes"))
    >>> is_same(known, "At night, should buses run?", ["Yes", "No"])
    True
    >>> is_same(known, "Do you think that a bus should be running at night?", ["yes", "no"])
    True
    >>> is_same(known, "Should buses not run at night?", ["yes", "no"])
    False
    """
    if not set(map(plain_option, options)) <= set(map(plain_option, question.options)):
        return False
    mine, theirs = _words(question.text), _words(text)
    return mine == theirs or (tone(question.text) == tone(text) and bool(told := _told(mine)) and told == _told(theirs))


def _words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\W_]+", text.casefold()))


def _told(words: Sequence[str]) -> list[str]:
    """Return the words that tell what is asked about, in order, without the endings of their forms."""
    sides = _SIDES if set(words) >= _SIDES else frozenset()
    return sorted(_stem(word) for word in words if word not in _ASKING | sides)


def _stem(word: str) -> str:
    if word.isalpha() and len(word) > _SHORTEST_STEM:
        word = _ENDING.sub("", word)
        if len(word) > _SHORTEST_STEM and word[-1] == word[-2]:
            word = word[:-1]
    return word


def plain_option(option: str) -> str:
    """Return an option as it is compared: whatever its case and blanks."""
    return " ".join(option.casefold().split())


@one_thread()
def prepare(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, str]],
    *,
    options: Sequence[str] = (),
    embedder: Embedder | None = None,
    holder: User | None = None,
) -> tuple[list[tuple[str, Question]], CorrelationModel]:
    """Return (user, Question) pairs and what is known of the questions, for (user, id or text) pairs.

    With *options* each second entry is the text of a question. One that the dataset has, in whatever order of words and
    options, is that one; the place of a new one is found by meaning, with *embedder* (that of the graph's settings
    unless given; EmbeddingError when the dataset is embedded with another).
    Without, it is an id: UnknownQuestionError when there is none. With *holder*, where it is the one user asked, no
    more is read than a prediction for them needs.
    """
    names = list(dict.fromkeys(question for _, question in asked))
    vectors = {}
    near: Mapping[str, Sequence[Near]] = {}
    if options:
        from persona_db.graph.embedding import embedder_of, require_embedder

        found = {text: new_question(text, options) for text in names}
        if embedder is None:
            embedder = embedder_of(snapshot.graph.settings)
        require_embedder(snapshot.graph, snapshot.dataset, embedder)
        rows = embedder.embed(names)
        vectors = {found[text].id: np.asarray(row, dtype=np.float64) for text, row in zip(names, rows, strict=True)}
        near = nearest(snapshot, vectors)
        found.update(_known(snapshot, found, options, near))
    else:
        found = {}
        for row in snapshot.graph.read("find_questions", dataset=snapshot.dataset, ids=names):
            found[row["id"]] = question_of(row)
            if row["vector"] is not None:
                vectors[row["id"]] = np.array(row["vector"], dtype=np.float64)
        for name in names:
            if name not in found or not found[name].options:
                raise UnknownQuestionError(name, dataset=snapshot.dataset)
    correlations = load_correlations(snapshot, list(found.values()), vectors=vectors, near=near, holder=holder)
    return [(user, found[question]) for user, question in asked], correlations


def _known(
    snapshot: Snapshot, asked: Mapping[str, Question], options: Sequence[str], near: Mapping[str, Sequence[Near]]
) -> dict[str, Question]:
    """Return the questions of the Fit that some texts ask with these options, of those nearest in meaning."""
    nearest_first = {text: [one.question for one in near.get(new.id, ())[:_NEAR]] for text, new in asked.items()}
    ids = sorted({id_ for found in nearest_first.values() for id_ in found})
    rows = snapshot.graph.read("find_questions", dataset=snapshot.dataset, ids=ids)
    questions = {row["id"]: question_of(row) for row in rows}
    made: dict[str, Question] = {}
    for text, found in nearest_first.items():
        for id_ in found:
            if is_same(questions[id_], text, options):
                made[text] = questions[id_]
                break
    return made
