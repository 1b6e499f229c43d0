"""Retrieval by topic: what a person said near a free text, and what people like them said, by meaning and words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.labels.texts import shortened
from persona_db.chains.results import Context, Recalled
from persona_db.chains.retrieval.join import Match, join_many
from persona_db.chains.retrieval.rows import ItemRow, UserRow, read_personas, read_shared
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.graph.errors import ConfigError
from persona_db.graph.ids import is_computed, new_question_id
from persona_db.graph.models import Question, Sharing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from persona_db.graph.embedding import Embedder

__all__ = ["nearness", "recall_topic"]

_BORROWED = 0.4
_BY_MEANING = 0.6  # the rest is by words
_LEAST_SCORE = 0.17
_LONGEST = 300


@dataclass(frozen=True)
class _Said:
    """Something said that can be found: by whom, how many of how many asked said it, in which words."""

    item: ItemRow
    text: str
    user: str | None = None
    of: tuple[int, int] = (1, 1)


def recall_topic(
    snapshot: Snapshot, user: str, text: str, *, settings: RecallSettings, embedder: Embedder | None = None
) -> Context:
    """Return what *user* said that is near *text*, best first, then what the closest collaborators said, best first.

    The score is 0.6 times the cosine of the two texts and 0.4 times that of their tf-idf of letter groups, which finds
    the same words in other forms; below 0.17 nothing is near. A collaborator's answer stands once, with how many of the
    closest who were asked gave it. Where nothing is near, `note` says so and names the nearest. ConfigError for an
    empty text, EmbeddingError where the dataset is embedded by another model.
    """
    if not text.strip():
        raise ConfigError("name a topic, the id of a question, or a new question with its options")
    vector = _vector(snapshot, text, embedder)
    [own] = read_personas(snapshot, [user])
    mine = _own(snapshot, own)
    ratio = _BORROWED if settings.ratio is None else settings.ratio
    theirs: list[_Said] = []
    if ratio and settings.top_k:
        found = join_many(snapshot, [user], top_k=settings.top_k, sharing=Sharing.INDUCED).get(user, [])
        theirs = _of_collaborators(snapshot, found)
    scores = _scores(snapshot, text, vector, [*mine, *theirs])
    near_own = _near(mine, scores[: len(mine)])
    near_others = _near(theirs, scores[len(mine) :])
    slots = min(math.ceil(round(ratio * settings.size, 9)), len(near_others))
    kept = near_own[: settings.size - slots]
    items = [
        *(_recalled(said, score, source="own") for said, score in kept),
        *(_recalled(said, score, source="collaborator") for said, score in near_others[: settings.size - len(kept)]),
    ]
    return Context(
        user=user,
        question=Question(id=new_question_id(text, ()), text=text),
        items=tuple(items),
        size=settings.size,
        borrowed=len(items) - len(kept),
        ratio=ratio,
        note="" if kept else _nothing(user, mine, scores),
    )


def _vector(snapshot: Snapshot, text: str, embedder: Embedder | None) -> list[float]:
    from persona_db.graph.embedding import embedder_of, require_embedder

    embedder = embedder or embedder_of(snapshot.graph.settings)
    require_embedder(snapshot.graph, snapshot.dataset, embedder)
    return [float(x) for x in embedder.embed([text])[0]]


def _own(snapshot: Snapshot, row: UserRow) -> list[_Said]:
    """Return the user's newest answer to each question, their free texts, and facts that a model made of these."""
    facts = [
        ItemRow(fact.id, None, None, fact.at, fact.statement)
        for fact in row.facts
        if fact.question is None and not is_computed(fact.key)
    ]
    items = [*_newest(row.items), *facts]
    texts = _texts(snapshot, items)
    return [_Said(item, texts[item.id]) for item in items if item.id in texts]


def _newest(items: Iterable[ItemRow]) -> list[ItemRow]:
    """Return free texts, and the newest answer to each question, by id."""
    found: dict[str, ItemRow] = {}
    for item in sorted(items, key=lambda item: (item.at, item.id)):
        found[item.id if item.question is None or item.option is None else f"answer to {item.question}"] = item
    return sorted(found.values(), key=lambda item: item.id)


def _of_collaborators(snapshot: Snapshot, matches: Sequence[Match]) -> list[_Said]:
    """Return what the closest said, as far as they share it: an answer once, with how many of those asked gave it."""
    rows = {row.user: row for row in read_shared(snapshot, [match.user for match in matches])}
    asked: Counter[str] = Counter()
    gave: Counter[tuple[str, int]] = Counter()
    first: dict[tuple[str, int] | str, tuple[ItemRow, str]] = {}
    for match in matches:
        for item in _newest(rows[match.user].items) if match.user in rows else ():
            if item.question is not None and item.option is not None:
                asked[item.question] += 1
                gave[item.question, item.option] += 1
                first.setdefault((item.question, item.option), (item, match.user))
            else:
                first.setdefault(item.id, (item, match.user))
    texts = _texts(snapshot, [item for item, _ in first.values()])
    return [
        _Said(item, texts[item.id], user, (gave[what], asked[what[0]]) if isinstance(what, tuple) else (1, 1))
        for what, (item, user) in first.items()
        if item.id in texts
    ]


def _texts(snapshot: Snapshot, items: Sequence[ItemRow]) -> dict[str, str]:
    """Return what each item says by its id: an answer by its name, anything else by its own words."""
    graph, scope = snapshot.graph, {"dataset": snapshot.dataset}
    questions = sorted({item.question for item in items if item.question is not None and item.option is not None})
    rows = graph.read("names_of_answers", **scope, fit=snapshot.fit, questions=questions)
    says: Mapping[str, Sequence[str]] = {row["id"]: row["says"] for row in rows}
    statements = sorted({item.statement for item in items if says.get(item.question or "") is None})
    words = {row["id"]: row["text"] for row in graph.read("statement_texts", **scope, ids=statements)}
    found: dict[str, str] = {}
    for item in items:
        named = says.get(item.question or "", ())
        if item.option is not None and item.option < len(named):
            found[item.id] = named[item.option]
        elif item.statement in words:
            found[item.id] = words[item.statement]
    return found


def _scores(snapshot: Snapshot, text: str, vector: list[float], said: Sequence[_Said]) -> NDArray[np.float64]:
    """Return how near each thing said is to *text*, 0 to 1."""
    if not said:
        return np.zeros(0)
    ids = sorted({one.item.statement for one in said})
    rows = snapshot.graph.read(
        "likeness", dataset=snapshot.dataset, rows=[{"question": "", "vector": vector, "statements": ids}]
    )
    cosines = {statement: cosine for row in rows for statement, cosine in row["cosines"]}
    by_meaning = np.array([cosines.get(one.item.statement, 0.0) for one in said])
    return nearness(text, [one.text for one in said], by_meaning)


def nearness(text: str, others: Sequence[str], cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how near each of *others*, one or more, is to *text*, 0 to 1, where their vectors have these *cosines*."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform([text, *others])
    by_words = (table[1:] @ table[:1].T).toarray()[:, 0]
    return np.asarray(_BY_MEANING * np.maximum(cosines, 0.0) + (1 - _BY_MEANING) * by_words)


def _near(said: Sequence[_Said], scores: NDArray[np.float64]) -> list[tuple[_Said, float]]:
    """Return what is near enough, best first, ties by id; equal texts once."""
    order = sorted(range(len(said)), key=lambda at: (-scores[at], said[at].item.id))
    found: dict[str, tuple[_Said, float]] = {}
    for at in order:
        if scores[at] >= _LEAST_SCORE:
            found.setdefault(said[at].text, (said[at], float(scores[at])))
    return list(found.values())


def _recalled(said: _Said, score: float, *, source: str) -> Recalled:
    count, asked = said.of
    text = shortened(said.text, _LONGEST)
    return Recalled.model_validate(
        {
            "id": said.item.id,
            "source": source,
            "layer": "history",
            "text": f"{text} ({count} of the {asked} most alike who were asked)"
            if source != "own" and asked > 1
            else text,
            "user": said.user,
            "question": said.item.question,
            "option": said.item.option,
            "score": round(score, 6),
            "at": said.item.at,
        }
    )


def _nothing(user: str, mine: Sequence[_Said], scores: NDArray[np.float64]) -> str:
    if not mine:
        return f"{user} said nothing."
    best = int(scores[: len(mine)].argmax())
    return f"Nothing that {user} said is near this; the nearest: {mine[best].text} ({scores[best]:.2f})."
