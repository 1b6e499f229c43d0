"""Loading a source into a dataset."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question, Withdrawal
from persona_db.graph.names import Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders.alike import alike
from persona_db.loaders.read_ahead import read_ahead
from persona_db.loaders.report import SHOWN, LoadReport
from persona_db.loaders.rows import shown
from persona_db.loaders.source import Record, Source

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.ingest import Contradiction, Stored
    from persona_db.graph.session import Graph
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["LoadReport", "load"]

_log = logging.getLogger(__name__)


def load(
    graph: Graph,
    source: Source,
    *,
    dataset: str,
    sharing: Sharing | None = None,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
    evaluation: bool = False,
    replace: bool = False,
) -> LoadReport:
    """Store all that *source* yields in *dataset*, each distinct text with its vector.

    Loading again changes nothing, and completes a load that was stopped. LoadError and ConfigError come before
    anything is stored where the source shows it by then. *sharing* is set for all users read; None leaves those who
    are there as they chose, and new ones share `keys`. *embedder* is that of the graph's settings unless given.
    An item that contradicts a stored one goes to quarantine; with *replace* it takes its place, and an answer that
    the source withdraws is removed. Where nobody could be stored, a dataset that was not there before is not left.

    >>> source = open_source("jsonl", ["docs/example/town.jsonl"])
    >>> report = load(graph, source, dataset="town")
    >>> report.users, report.items_read
    (40, 414)
    """
    from persona_db.graph.datasets import drop_dataset, ensure_dataset
    from persona_db.graph.embedding import embed_missing, embedder_of, require_embedder
    from persona_db.graph.users import questions
    from persona_db.graph.vector_cache import CachedEmbedder

    started = time.perf_counter()
    known = {question.id: question for question in questions(graph, dataset)}
    source.know(known.values())
    writer = _Writer(graph, source, dataset=dataset, sharing=sharing, known=known, progress=progress, replace=replace)
    is_new = not graph.read("find_dataset", dataset=dataset)
    records = writer.ahead(read_ahead(source, writer.quarantine))
    embedder = embedder or embedder_of(graph.settings)
    ensure_dataset(graph, dataset, evaluation=evaluation)
    require_embedder(graph, dataset, embedder)
    writer.cache = embedder if isinstance(embedder, CachedEmbedder) else None
    for record in records:
        writer.add(record)
    writer.flush()
    [missing] = graph.read("count_unembedded", dataset=dataset)
    embed_missing(graph, dataset, embedder, progress=progress)
    graph.await_indexes()
    [stored_ids] = graph.read("user_ids", dataset=dataset)
    groups = alike(writer.users, stored_ids["ids"])
    if writer.empty and is_new:
        drop_dataset(graph, dataset)
    counts = source.counts
    report = LoadReport(
        dataset=dataset,
        source=source.name,
        questions=writer.questions_read,
        scales_changed=writer.scales_changed,
        users=len(writer.users),
        users_changed=writer.users_changed,
        items_read=writer.items_read,
        items_new=writer.items_new,
        items_replaced=writer.items_replaced,
        items_renamed=writer.items_renamed,
        contradicting=writer.contradicting,
        statements_new=missing["statements"],
        refused=counts.refused,
        skipped_test=counts.skipped_test,
        not_in_split=counts.not_in_split,
        quarantined=writer.quarantined,
        first_quarantined=tuple(writer.first_quarantined),
        composed=tuple(sorted(counts.composed)[:SHOWN]),
        alike=tuple(groups[:SHOWN]),
        alike_groups=len(groups),
        notes=source.notes,
        empty=writer.empty,
        seconds=round(time.perf_counter() - started, 3),
        where=f"(:Quarantine {{dataset: {_quoted(dataset)}}})",
    )
    _log.info("loaded %s items of %s into %s", report.items_new, source.name, dataset)
    return report


class _Writer:
    """Collects records and stores them in batches: questions, then people, then items."""

    def __init__(
        self,
        graph: Graph,
        source: Source,
        *,
        dataset: str,
        sharing: Sharing | None,
        known: dict[str, Question],
        progress: Progress,
        replace: bool,
    ) -> None:
        self._graph = graph
        self._source = source
        self._dataset = dataset
        self._sharing = sharing
        self._known = known
        self._progress = progress
        self._replace = replace
        self._asked = dict(known)
        self._questions: list[Question] = []
        self._people: list[Person] = []
        self._items: list[HistoryItem] = []
        self._withdrawn: list[Withdrawal] = []
        self._bad: list[QuarantinedRow] = []
        self._settled: list[QuarantinedRow] = []
        self.first_quarantined: list[QuarantinedRow] = []
        self.questions_read = self.items_read = self.items_new = self.quarantined = 0
        self.scales_changed = self.users_changed = 0
        self.items_replaced = self.items_renamed = self.contradicting = 0
        self.users: set[str] = set()
        self.cache: CachedEmbedder | None = None
        """Where vectors of texts are kept outside the graph; those of texts that nobody says any more go."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing of anybody, though rows were refused, or nothing at all was read."""
        return not self.users and (self.quarantined > 0 or self.questions_read == 0)

    def ahead(self, records: Iterator[Record]) -> Iterable[Record]:
        """Return the records after reading up to the first that is no question: an unfit source has failed by then."""
        head: list[Record] = []
        for record in records:
            head.append(record)
            if not isinstance(record, Question):
                break
            self._check(record)
        return _chained(head, records)

    def quarantine(self, row: QuarantinedRow) -> None:
        """Collect a bad row; it is stored with the next batch."""
        self.quarantined += 1
        if len(self.first_quarantined) < SHOWN:
            self.first_quarantined.append(row)
        self._bad.append(row)

    def add(self, record: Record) -> None:
        """Collect a record, and store the batch when it is full."""
        if isinstance(record, HistoryItem):
            self.items_read += 1
            self._items.append(record)
        elif isinstance(record, Person):
            self.users.add(record.id)
            self._people.append(record)
        elif isinstance(record, Withdrawal):
            self._withdrawn.append(record)
        else:
            self._check(record)
            self.questions_read += 1
            self._asked[record.id] = record
            self._questions.append(record)
        held = len(self._items) + len(self._people) + len(self._questions) + len(self._bad)
        if held >= self._graph.settings.batch_size:
            self.flush()

    def flush(self) -> None:
        """Store the collected records."""
        from persona_db.graph.ingest import (
            settle_quarantine,
            store_items,
            store_people,
            store_quarantine,
            store_questions,
            withdraw_answers,
        )

        graph, dataset = self._graph, self._dataset
        if self._questions:
            self.scales_changed += store_questions(graph, dataset, self._questions).changed
        if self._people:
            people = store_people(graph, dataset, self._people, sharing=self._sharing)
            self.users_changed += people.changed
            self._reject(people)
        if self._items:
            stored = store_items(graph, dataset, self._items, replace=self._replace)
            self.items_new += stored.created
            self._count(stored)
        if self._withdrawn:
            self._count(withdraw_answers(graph, dataset, self._withdrawn, replace=self._replace))
        if self._bad:
            store_quarantine(graph, dataset, self._bad)
        if self._settled:
            settle_quarantine(graph, dataset, self._settled)
        for batch in (self._questions, self._people, self._items, self._withdrawn, self._bad, self._settled):
            batch.clear()
        self._progress(f"loading {self._source.name}", self.items_read, None)

    def _count(self, stored: Stored) -> None:
        from persona_db.graph.erase_item import forget_vectors

        self.items_replaced += stored.changed
        self.items_renamed += stored.renamed
        self.contradicting += len(stored.contradicting)
        self._settled += [self._contradicting(one) for one in stored.settled]
        if stored.unsaid:
            forget_vectors(self.cache, stored.unsaid)
        self._reject(stored)

    def _reject(self, stored: Stored) -> None:
        for one in stored.rejected:
            source, row = one.place
            reason = f"{one.id}: {one.reason}"
            self.quarantine(QuarantinedRow(source=source or self._source.name, row=row, reason=reason, user=one.user))
        for other in stored.contradicting:
            self.quarantine(self._contradicting(other))

    def _contradicting(self, found: Contradiction) -> QuarantinedRow:
        source, row = found.place
        return QuarantinedRow(
            source=source or self._source.name, row=row, reason=self._told(found), user=found.user, contradicts=True
        )

    def _told(self, found: Contradiction) -> str:
        """Say in one line what is stored, what is not, and what to do."""
        question = self._asked.get(found.question or "")
        given, there = (
            shown(question.options[option]) if question and option is not None else "other words"
            for option in (found.given, found.stored)
        )
        about = f"{shown(found.user)} on {shown(found.question)}" if found.question else f"{shown(found.item)}"
        if found.given is None and found.stored is not None:
            given = "no answer"
        several = question is not None and question.options and not question.ordinal and found.given is not None
        remedy = '; where several may be ticked, say so ("several": true)' if several else ""
        return f"{about}: {there} is stored, {given} is not ({found.why}); `load --replace` takes the newer one{remedy}"

    def _check(self, question: Question) -> None:
        """Raise LoadError when the dataset has another question of that id: answers to the two would be mixed."""
        stored = self._known.get(question.id)
        if stored is not None and (stored.text, stored.options) != (question.text, question.options):
            raise LoadError(
                f"dataset {self._dataset!r} has question {question.id!r} with another text or other options; "
                "load into another dataset",
                source=self._source.name,
            )


def _chained(head: list[Record], rest: Iterator[Record]) -> Iterator[Record]:
    yield from head
    head.clear()
    yield from rest


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
