"""Reading what people said out of the graph: their histories, and what a Fit is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Signals, Wording
from persona_db.chains.fit.lexicon import MEASURED_WITH, Lexicon
from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.persona import UserHistory
from persona_db.chains.retrieval.rows import ItemRow
from persona_db.graph.models import HistoryItem
from persona_db.graph.progress import Progress
from persona_db.graph.users import question_of

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["HistoryReader"]

_USERS_AT_ONCE = 400
_Answer = tuple[str, int]
"""A question's id and the place of an option."""


class HistoryReader:
    """Reads histories out of the graph, some users at a time, each distinct statement once."""

    def __init__(self, graph: Graph, dataset: str, *, as_of: str, embedder: Embedder | None) -> None:
        self._graph, self._dataset, self._as_of, self._embedder = graph, dataset, as_of, embedder
        self._texts: dict[str, str] = {}

    def histories(self, users: Sequence[str]) -> Iterator[UserHistory]:
        """Yield each user's history, items oldest first."""
        for row in self._read(users):
            yield UserHistory.model_construct(
                user=row["user"],
                version=row["version"],
                sharing_rank=row["sharing_rank"],
                attributes=tuple(sorted(row["attributes"])),
                items=tuple(
                    HistoryItem.model_construct(
                        id=item.id,
                        user=row["user"],
                        text=self._texts[item.statement],
                        question=item.question,
                        option=item.option,
                        at=item.at,
                    )
                    for item in row["items"]
                ),
            )

    def _read(self, users: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows of `user_histories` with items oldest first, and keep the texts that they name."""
        rows = self._graph.read("user_histories", dataset=self._dataset, users=list(users), as_of=self._as_of)
        for row in rows:
            row["items"] = sorted(map(ItemRow._make, row["items"]), key=lambda item: (item.at, item.id))
        self._fetch_texts({item.statement for row in rows for item in row["items"]})
        return rows

    def _fetch_texts(self, ids: set[str]) -> None:
        missing = sorted(ids - self._texts.keys())
        if missing:
            for row in self._graph.read("statement_texts", dataset=self._dataset, ids=missing):
                self._texts[row["id"]] = row["text"]

    @cached_property
    def lexicon(self) -> Lexicon | None:
        """What free text is matched with; None without the embedding model that it was measured with."""
        if self._embedder is None or self._embedder.name != MEASURED_WITH:
            return None
        return Lexicon(self._embedder.embed)

    def signals(self, users: Sequence[str], *, embedder: Embedder | None, progress: Progress) -> tuple[Signals, str]:
        """Return what a Fit is made of, and when the newest item of it was said; *embedder* is for options' texts."""
        rows = self._graph.read("questions_asked", dataset=self._dataset, as_of=self._as_of)
        rows = [row for row in rows if row["options"]]
        questions = tuple(question_of(row) for row in rows)
        column = {question.id: place for place, question in enumerate(questions)}
        choice = np.full((len(users), len(questions)), -1, dtype=np.int16)
        attributes: list[tuple[str, ...]] = []
        words = _CommonWords()
        terms: list[NDArray[np.float64] | None] = []
        newest = max((question.at for question in questions), default="")
        for start in range(0, len(users), _USERS_AT_ONCE):
            for place, read in enumerate(self._read(users[start : start + _USERS_AT_ONCE]), start):
                for item in read["items"]:
                    newest = max(newest, item.at)
                    if item.option is not None and item.question in column:
                        choice[place, column[item.question]] = item.option
                        words.hear((item.question, item.option), read["user"], item.statement)
                attributes.append(tuple(sorted(read["attributes"])))
                texts = [self._texts[item.statement] for item in read["items"] if item.question is None]
                terms.append(self.lexicon.weights(texts).max(axis=0) if self.lexicon and texts else None)
            progress("reading histories", min(start + _USERS_AT_ONCE, len(users)), len(users))
        return (
            Signals(
                AnswerTable(tuple(users), questions, choice), tuple(attributes), _wording(rows, embedder),
                {answer: self._texts[said] for answer, said in words.known().items()}, _stacked(terms),
            ),
            newest,
        )  # fmt: skip


class _CommonWords:
    """The words in which an answer is given, where everybody who gives it uses the same and it is not one alone.

    A key is named by them, and others see its name: what one person wrote in their own words is not theirs to see.
    """

    def __init__(self) -> None:
        self._first: dict[_Answer, tuple[str, str]] = {}
        self._common: dict[_Answer, bool] = {}

    def hear(self, answer: _Answer, user: str, statement: str) -> None:
        by, first = self._first.setdefault(answer, (user, statement))
        if statement != first:
            self._common[answer] = False
        elif user != by:
            self._common.setdefault(answer, True)

    def known(self) -> dict[_Answer, str]:
        """The statement of each answer that has common words."""
        return {answer: self._first[answer][1] for answer, common in self._common.items() if common}


def _wording(rows: Sequence[Mapping[str, Any]], embedder: Embedder | None) -> Wording | None:
    """What questions and options say; None unless every question has a vector."""
    if not rows or any(row["vector"] is None for row in rows):
        return None
    questions = np.array([row["vector"] for row in rows], dtype=np.float64)
    if embedder is None:
        return Wording(questions)
    place = {text: at for at, text in enumerate(dict.fromkeys(option for row in rows for option in row["options"]))}
    vectors = embedder.embed(list(place)).astype(np.float64)
    return Wording(questions, tuple(vectors[[place[option] for option in row["options"]]] for row in rows))


def _stacked(terms: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    rows = np.array([np.zeros(len(VOCABULARY)) if row is None else row for row in terms])
    return rows if rows.any() else None
