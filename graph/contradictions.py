"""Which of some items are new, and which contradict what is stored or came before them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field

from persona_db.graph.ids import answer_occasion, derived_item_key, item_id, statement_id
from persona_db.graph.models import HistoryItem, Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["Contradiction", "Sorted", "known_answers", "sort_out"]

_Answered = tuple[str, str, str, str]
"""A user, a question, a date and an occasion beside it, such as a wave, for which there is one answer."""


class Contradiction(Model):
    """An item and a stored one, of the same id or an answer to the same question, that says otherwise."""

    user: str
    item: str = Field(description="Id of the item that is not stored yet.")
    question: str | None
    given: int | None = Field(description="The option that it says; None for free text.")
    stored: int | None = Field(description="The option that is stored.")
    why: str = Field(description="What the two have in common: their id, their date, or that neither has a date.")
    place: tuple[str, int] = Field(default=("", 0), description="File and row of the item that is not stored yet.")


class _Known(NamedTuple):
    """What is known of an item: of a stored one the id of its statement, of one of the batch the item as well."""

    id: str
    user: str
    question: str | None
    option: int | None
    at: str
    statement: str
    stored: bool

    @property
    def answered(self) -> _Answered | None:
        if self.question is None or self.option is None:
            return None
        return self.user, self.question, self.at, answer_occasion(self.id, self.user, self.question, self.at) or ""


@dataclass
class Sorted:
    """The items of a batch after a look at what is stored."""

    new: dict[str, HistoryItem] = field(default_factory=dict)
    known: int = 0
    """Items that are stored as they are, or came twice."""
    replaced: list[str] = field(default_factory=list)
    """Ids of stored items in whose place a new one comes."""
    settled: list[Contradiction] = field(default_factory=list)
    """Contradictions of items that came in the place of another, stored or earlier in the batch."""
    kept: list[Contradiction] = field(default_factory=list)
    """Items that are not stored, because what they contradict is."""
    renamed: int = 0
    """Items stored under an id of their own, because theirs is that of an answer to another question."""


def sort_out(
    graph: Graph, dataset: str, items: Sequence[HistoryItem], *, named: set[str], new: set[str], replace: bool
) -> Sorted:
    """Return which items are new, known or contradict others; with *replace* a later one takes the place of an earlier.

    An item contradicts another of the same id that says something else, and an answer contradicts another option of
    the same user to the same question with the same date, or with none. *named* are the users who have answers with
    ids of their source's own: only for them, and for such answers, the graph is asked about more than ids. *new* are
    those who have no item yet, so that the graph is asked nothing about ids that begin with theirs.
    """
    found = Sorted()
    by_id = _stored_items(graph, dataset, _to_look_up(items, new=new))
    items = _with_own_ids(graph, dataset, items, by_id, found)
    pairs = _looked_for(items, named=named)
    by_answer = _stored_answers(graph, dataset, pairs)
    for item in items:
        before = by_id.get(item.id)
        if before is None:
            earlier = found.new.get(item.id)
            if earlier is None and (item.user, item.question) not in pairs:
                found.new[item.id] = item
                continue
            before = _known(earlier) if earlier is not None else None
        made = _known(item)
        if before is not None and _same(before, made):
            found.known += 1
            continue
        why = "the same id"
        if before is None and made.answered:
            before = by_answer.get(made.answered)
            why = "the same date" if item.at else "no date on either"
            if before is not None and before.option == item.option:
                if before.statement == made.statement:
                    found.known += 1
                    continue
                before = None  # the same answer in other words
        if before is not None:
            told = Contradiction(
                user=item.user, item=item.id, question=item.question or before.question, given=item.option,
                stored=before.option, why=why, place=item.place,
            )  # fmt: skip
            if not replace:
                found.kept.append(told)
                continue
            found.settled.append(told)
            found.new.pop(before.id, None)
            if before.stored:
                found.replaced.append(before.id)
        found.new[item.id] = item
        by_id[item.id] = made
        if made.answered:
            by_answer[made.answered] = made
    return found


def known_answers(graph: Graph, dataset: str, pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the stored answers of users to questions, given as pairs of ids."""
    asked: dict[str, set[str]] = {}
    for user, question in pairs:
        asked.setdefault(user, set()).add(question)
    rows = [{"user": user, "questions": sorted(questions)} for user, questions in sorted(asked.items())]
    return graph.read("known_answers", dataset=dataset, rows=rows) if rows else []


def _known(item: HistoryItem) -> _Known:
    return _Known(item.id, item.user, item.question, item.option, item.at, statement_id(item.text), stored=False)


def _same(before: _Known, after: _Known) -> bool:
    return before[2:6] == after[2:6]


def _to_look_up(items: Sequence[HistoryItem], *, new: set[str]) -> set[str]:
    """Return the ids of items that may be stored."""
    own = {user: item_id(user, "") for user in new}
    return {item.id for item in items if item.user not in own or not item.id.startswith(own[item.user])}


def _stored_items(graph: Graph, dataset: str, ids: set[str]) -> dict[str, _Known]:
    rows = graph.read("known_items", dataset=dataset, ids=sorted(ids))
    return {row["id"]: _Known(**row, stored=True) for row in rows}


def _looked_for(items: Sequence[HistoryItem], *, named: set[str]) -> set[tuple[str, str | None]]:
    """Return the users and questions whose answers may be known by ids that do not tell."""
    return {
        (item.user, item.question)
        for item in items
        if item.question is not None
        and item.option is not None
        and (item.user in named or answer_occasion(item.id, item.user, item.question, item.at) is None)
    }


def _stored_answers(graph: Graph, dataset: str, pairs: set[tuple[str, str | None]]) -> dict[_Answered, _Known]:
    asked = [(user, question) for user, question in pairs if question is not None]
    answers: dict[_Answered, _Known] = {}
    for row in known_answers(graph, dataset, asked):
        known = _Known(**row, stored=True)
        if known.answered:
            answers[known.answered] = known
    return answers


def _with_own_ids(
    graph: Graph, dataset: str, items: Sequence[HistoryItem], by_id: dict[str, _Known], found: Sorted
) -> list[HistoryItem]:
    """Return the items; an answer whose id is that of an answer to another question has an id of its own."""
    asked: dict[str, str | None] = {id_: known.question for id_, known in by_id.items()}
    given: list[HistoryItem] = []
    renamed: set[str] = set()
    for item in items:
        question = asked.setdefault(item.id, item.question)
        if question == item.question or question is None or item.question is None:
            given.append(item)
            continue
        own = item_id(item.user, derived_item_key(item.user, item.question, item.text, item.at))
        given.append(item.model_copy(update={"id": own}))
        renamed.add(own)
    found.renamed = len(renamed)
    if renamed:
        by_id.update(_stored_items(graph, dataset, renamed))
    return given
