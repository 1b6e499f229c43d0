"""Stores the records of loaders in batches: stored records stay as they are, and rejected ones are returned.

Each function takes one batch of any size and may be killed at any time: a transaction is complete or absent, and
storing the same batch again creates nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from persona_db.graph.contradictions import Contradiction, known_answers, sort_out
from persona_db.graph.datasets import CHARS_AT_ONCE, datasets, drop_dataset, ensure_dataset, need_refit
from persona_db.graph.erase_item import erase_items
from persona_db.graph.errors import GraphUnavailableError
from persona_db.graph.ids import answer_occasion, item_id, quarantine_id, statement_id
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question, Withdrawal
from persona_db.graph.names import Sharing
from persona_db.graph.stored import Rejected, Stored
from persona_db.graph.users import OFF_SCALE, users

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "Contradiction",
    "Rejected",
    "Stored",
    "datasets",
    "drop_dataset",
    "ensure_dataset",
    "quarantine_rows",
    "settle_quarantine",
    "store_items",
    "store_people",
    "store_quarantine",
    "store_questions",
    "users",
    "withdraw_answers",
]

_Outcome = TypeVar("_Outcome")
_Row = TypeVar("_Row")

log = logging.getLogger(__name__)

TRIES = 3
"""How often a batch is tried while another process stores the same records."""


def store_questions(graph: Graph, dataset: str, questions: Iterable[Question]) -> Stored:
    """Store new questions; of stored ones only the scale changes, and the dataset then needs a refit."""
    batch = list(questions)
    rows: dict[str, dict[str, Any]] = {
        question.id: {
            "id": question.id,
            "text": question.text,
            "options": list(question.options),
            "ordinal": [OFF_SCALE if place is None else float(place) for place in question.ordinal],
            "kind": question.kind,
            "at": question.at,
            "label": question.label or None,
            "stances": list(question.stances) or None,
            "directions": list(question.directions) or None,
            "content": question.content,
        }
        for question in reversed(batch)
    }
    created = changed = 0
    for chunk in _chunks(rows.values(), graph.settings.batch_size, chars=lambda row: len(row["text"])):
        write = partial(graph.write, "store_questions", dataset=dataset, rows=chunk)
        [stored] = _again_on_conflict(write)
        created += stored["created"]
        changed += stored["changed"]
    if changed:
        need_refit(graph, dataset)
    return Stored(created=created, changed=changed, known=len(batch) - created - changed)


def store_people(graph: Graph, dataset: str, people: Iterable[Person], *, sharing: Sharing | None = None) -> Stored:
    """Store new people, and update stored ones.

    Attributes are replaced name by name; an empty name leaves the stored one, and so does no weight. *sharing* is set
    for everybody; None keeps the choice of stored people, and new people share `keys`.
    """
    batch: dict[str, Person] = {}
    twice = 0
    for person in people:
        before = batch.get(person.id)
        twice += before is not None
        batch[person.id] = _merged(before, person) if before else person
    total = Stored(known=twice)
    for chunk in _chunks(batch.values(), graph.settings.batch_size):
        total += _store_people(graph, dataset, chunk, sharing=sharing)
    return total


def store_items(graph: Graph, dataset: str, items: Iterable[HistoryItem], *, replace: bool = False) -> Stored:
    """Store new items with their statements, and raise the users' versions.

    An item is rejected when its user or question is not stored, or the question has no such option. One that
    contradicts a stored one is not stored; with *replace* it takes its place, and the dataset needs a refit.
    """
    total = Stored()
    for chunk in _chunks(items, graph.settings.batch_size, chars=lambda item: len(item.text)):
        total += _again_on_conflict(partial(_store_items, graph, dataset, chunk, replace=replace))
    return total


def withdraw_answers(graph: Graph, dataset: str, withdrawals: Sequence[Withdrawal], *, replace: bool) -> Stored:
    """With *replace* remove the stored answers that are withdrawn; else say which stay although they are."""
    asked = {(one.user, one.question, one.at): one for one in withdrawals}
    ids = {item_id(one.user, one.id): one for one in withdrawals if one.id is not None}
    there = [
        row
        for row in known_answers(graph, dataset, [(one.user, one.question) for one in withdrawals])
        if row["id"] in ids or (row["user"], row["question"], row["at"]) in asked
    ]
    found = tuple(
        Contradiction(
            user=row["user"],
            item=row["id"],
            question=row["question"],
            given=None,
            stored=row["option"],
            why="withdrawn",
            place=(ids.get(row["id"]) or asked[row["user"], row["question"], row["at"]]).place,
        )
        for row in there
    )
    if not replace or not found:
        return Stored(contradicting=found)
    with graph.transaction() as work:
        erased = erase_items(work, dataset, [row["id"] for row in there])
    return Stored(changed=len(found), settled=found, unsaid=tuple(erased["texts"]))


def store_quarantine(graph: Graph, dataset: str, rows: Iterable[QuarantinedRow]) -> int:
    """Store bad rows with their reasons; return how many were given."""
    kept = quarantine_rows(rows)
    for chunk in _chunks(kept, graph.settings.batch_size):
        _again_on_conflict(partial(graph.write, "store_quarantine", dataset=dataset, rows=chunk))
    return len(kept)


def settle_quarantine(graph: Graph, dataset: str, rows: Iterable[QuarantinedRow]) -> None:
    """Remove those of the rows that are in quarantine."""
    ids = [_quarantine_id(row) for row in rows]
    for chunk in _chunks(ids, graph.settings.batch_size):
        graph.write("settle_quarantine", dataset=dataset, ids=chunk)


def quarantine_rows(rows: Iterable[QuarantinedRow]) -> list[dict[str, Any]]:
    """Return the rows as `store_quarantine` takes them."""
    return [{"id": _quarantine_id(bad), **bad.model_dump(), "user": bad.user or None} for bad in rows]


def _quarantine_id(row: QuarantinedRow) -> str:
    if row.contradicts:  # one that is settled may stand in another row, of another file
        return quarantine_id("", "0", row.reason)
    return quarantine_id(row.source, str(row.row), row.reason)


def _merged(before: Person, after: Person) -> Person:
    return Person(
        id=after.id,
        name=after.name or before.name,
        attributes={**before.attributes, **after.attributes},
        weight=before.weight if after.weight is None else after.weight,
    )


def _store_people(graph: Graph, dataset: str, people: Sequence[Person], *, sharing: Sharing | None) -> Stored:
    rejected = [
        Rejected(id=person.id, reason=f"attribute name {name!r} has a '='", user=person.id)
        for person in people
        for name in person.attributes
        if "=" in name
    ]
    refused = {rejection.id for rejection in rejected}
    fit_people = [person for person in people if person.id not in refused]
    before = {
        row["id"]: row for row in graph.read("known_users", dataset=dataset, ids=[person.id for person in fit_people])
    }
    rows = []
    stopped_sharing = False
    for person in fit_people:
        known = before.get(person.id)
        attributes = dict(a.split("=", 1) for a in known["attributes"]) if known else {}
        attributes.update(person.attributes)
        level = sharing or Sharing(known["sharing"] if known else Sharing.KEYS)
        row = {
            "id": person.id,
            "name": person.name or (known["name"] if known else ""),
            "attributes": sorted(f"{name}={value}" for name, value in attributes.items() if value),
            "sharing": level.value,
            "weight": person.weight if person.weight is not None or known is None else known["weight"],
        }
        if known is None or row != {name: known[name] for name in row}:
            rows.append({**row, "sharing_rank": level.rank})
            stopped_sharing |= level is Sharing.NONE and known is not None
    if rows:
        _again_on_conflict(partial(graph.write, "store_people", dataset=dataset, rows=rows))
    if stopped_sharing:
        need_refit(graph, dataset)
        graph.write("retire_kept_fits", dataset=dataset)  # they count somebody who is to count in nothing
    changed = sum(row["id"] in before for row in rows)
    return Stored(
        created=len(rows) - changed,
        changed=changed,
        known=len(fit_people) - len(rows),
        rejected=tuple(rejected),
    )


def _store_items(graph: Graph, dataset: str, items: Sequence[HistoryItem], *, replace: bool) -> Stored:
    wanted, rejected, named, new = _attached(graph, dataset, items)
    found = sort_out(graph, dataset, wanted, named=named, new=new, replace=replace)
    unsaid: list[str] = []
    if found.new:
        rows, statements = _grouped(found.new.values())
        if found.replaced:
            with graph.transaction() as work:
                unsaid = erase_items(work, dataset, found.replaced)["texts"]
                [stored] = work.run("store_items", dataset=dataset, rows=rows, statements=statements)
        else:
            [stored] = graph.write("store_items", dataset=dataset, rows=rows, statements=statements)
        if stored["created"] != len(found.new):
            lost = len(found.new) - stored["created"]
            raise GraphUnavailableError(f"{lost} items lost their user while they were stored; load again")
    log.debug("stored %s of %s items", len(found.new), len(items))
    return Stored(
        created=len(wanted) - len(found.settled) - found.known - len(found.kept),
        changed=len(found.settled),
        known=found.known,
        rejected=tuple(rejected),
        contradicting=tuple(found.kept),
        settled=tuple(found.settled),
        unsaid=tuple(unsaid),
        renamed=found.renamed,
    )


def _attached(
    graph: Graph, dataset: str, items: Sequence[HistoryItem]
) -> tuple[list[HistoryItem], list[Rejected], set[str], set[str]]:
    """Return the items whose user, question and option are stored, and the rejected ones.

    Also return the users with named answers, and those with no item yet.
    """
    user_ids = {item.user for item in items}
    question_ids = {item.question for item in items if item.question is not None}
    there = {row["id"]: row for row in graph.read("known_users", dataset=dataset, ids=sorted(user_ids))}
    options = {
        row["id"]: row["options"] for row in graph.read("known_questions", dataset=dataset, ids=sorted(question_ids))
    }
    wanted: list[HistoryItem] = []
    rejected: list[Rejected] = []
    for item in items:
        if reason := _why_not(item, users=there.keys(), options=options):
            rejected.append(Rejected(id=item.id, reason=reason, user=item.user, place=item.place))
        else:
            wanted.append(item)
    named = {user for user, row in there.items() if row["named"]}
    new = {user for user, row in there.items() if not row["items"]}
    return wanted, rejected, named, new


def _grouped(items: Iterable[HistoryItem]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the items by user, and the distinct texts that they refer to by index: each text is sent once."""
    places: dict[str, int] = {}
    asked: list[dict[str, None]] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    named: set[str] = set()
    for item in items:
        place = places.setdefault(item.text, len(places))
        if place == len(asked):
            asked.append({})
        if item.question is not None:
            asked[place][item.question] = None
            if item.option is not None and answer_occasion(item.id, item.user, item.question, item.at) is None:
                named.add(item.user)
        rows.setdefault(item.user, []).append(
            {
                "id": item.id,
                "statement": place,
                "question": item.question,
                "option": item.option,
                "at": item.at,
            }
        )
    statements = [
        {"id": statement_id(text), "text": text, "questions": list(asked[place])} for text, place in places.items()
    ]
    return [{"user": user, "named": user in named, "items": rows[user]} for user in sorted(rows)], statements


def _why_not(item: HistoryItem, *, users: Set[str], options: dict[str, int]) -> str | None:
    if item.user not in users:
        return f"no user {item.user!r} in the dataset"
    if item.question is None:
        return None if item.option is None else f"option {item.option} of no question"
    if item.question not in options:
        return f"no question {item.question!r} in the dataset"
    if item.option is not None and item.option >= options[item.question]:
        return f"option {item.option} of question {item.question!r}, which has {options[item.question]}"
    return None


def _again_on_conflict(store: Callable[[], _Outcome]) -> _Outcome:
    """Call *store* and return its result; call it again when another process stored the same records meanwhile."""
    from neo4j.exceptions import ConstraintError

    for _ in range(TRIES - 1):
        try:
            return store()
        except ConstraintError:
            log.info("another process stores the same; trying again")
    return store()


def _chunks(rows: Iterable[_Row], size: int, *, chars: Callable[[_Row], int] = lambda _: 0) -> Iterator[list[_Row]]:
    """Yield the rows in batches of at most *size*, or fewer where their texts are long."""
    batch: list[_Row] = []
    weight = 0
    for row in rows:
        batch.append(row)
        weight += chars(row)
        if len(batch) == size or weight >= CHARS_AT_ONCE:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch
