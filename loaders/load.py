"""Loading a source into a dataset."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.errors import LoadError
from persona_db.graph.models import HistoryItem, Model, Person, QuarantinedRow, Question
from persona_db.graph.names import Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders.read_ahead import read_ahead
from persona_db.loaders.source import Record, Source

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.ingest import Stored
    from persona_db.graph.session import Graph

__all__ = ["LoadReport", "load"]

_log = logging.getLogger(__name__)

SHOWN = 10
"""Quarantined rows that the report holds; all are in the graph."""


class LoadReport(Model):
    """What a load read, how much of it was new, and what was not loaded."""

    dataset: str
    source: str = Field(description="The format read.")
    questions: int = Field(description="Questions read.")
    users: int = Field(description="Users read.")
    items_read: int
    items_new: int = Field(description="Items that the dataset did not have.")
    statements_new: int = Field(description="Distinct texts that had no vector yet.")
    refused: int = Field(description="Answers that are no opinion: refusals, no vote.")
    skipped_test: int = Field(description="Items held out to be predicted.")
    not_in_split: int = Field(description="Answers that the split does not mention.")
    quarantined: int = Field(description="Rows that cannot be stored; each is kept with its reason.")
    first_quarantined: tuple[QuarantinedRow, ...] = Field(description="The first of them.")
    notes: tuple[str, ...] = Field(default=(), description="What the source found out about itself or guessed.")
    seconds: float
    where: str = Field(description="Where the quarantined rows are to be seen, as a Cypher pattern.")


def load(
    graph: Graph,
    source: Source,
    *,
    dataset: str,
    sharing: Sharing | None = None,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
    evaluation: bool = False,
) -> LoadReport:
    """Store all that *source* yields in *dataset*, each distinct text with its vector.

    Loading again changes nothing, and completes a load that was stopped. LoadError and ConfigError come before
    anything is stored where the source shows it by then. *sharing* is set for all users read; None leaves those who
    are there as they chose, and new ones share `keys`. *embedder* is that of the graph's settings unless given.

    >>> source = open_source("jsonl", ["docs/example/town.jsonl"])
    >>> report = load(graph, source, dataset="town")
    >>> report.users, report.items_read
    (40, 414)
    """
    from persona_db.graph.datasets import ensure_dataset
    from persona_db.graph.embedding import embed_missing, embedder_of, require_embedder
    from persona_db.graph.users import questions

    started = time.perf_counter()
    known = {question.id: question for question in questions(graph, dataset)}
    source.know(known.values())
    writer = _Writer(graph, source, dataset=dataset, sharing=sharing, known=known, progress=progress)
    records = writer.ahead(read_ahead(source, writer.quarantine))
    embedder = embedder or embedder_of(graph.settings)
    ensure_dataset(graph, dataset, evaluation=evaluation)
    require_embedder(graph, dataset, embedder)
    for record in records:
        writer.add(record)
    writer.flush()
    [missing] = graph.read("count_unembedded", dataset=dataset)
    embed_missing(graph, dataset, embedder, progress=progress)
    graph.await_indexes()
    report = LoadReport(
        dataset=dataset,
        source=source.name,
        questions=writer.questions_read,
        users=writer.users_read,
        items_read=writer.items_read,
        items_new=writer.items_new,
        statements_new=missing["statements"],
        refused=source.counts.refused,
        skipped_test=source.counts.skipped_test,
        not_in_split=source.counts.not_in_split,
        quarantined=writer.quarantined,
        first_quarantined=tuple(writer.first_quarantined),
        notes=source.notes,
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
    ) -> None:
        self._graph = graph
        self._source = source
        self._dataset = dataset
        self._sharing = sharing
        self._known = known
        self._progress = progress
        self._questions: list[Question] = []
        self._people: list[Person] = []
        self._items: list[HistoryItem] = []
        self._bad: list[QuarantinedRow] = []
        self.first_quarantined: list[QuarantinedRow] = []
        self.questions_read = self.users_read = self.items_read = self.items_new = self.quarantined = 0
        self._users: set[str] = set()

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
            if record.id not in self._users:
                self._users.add(record.id)
                self.users_read += 1
            self._people.append(record)
        else:
            self._check(record)
            self.questions_read += 1
            self._questions.append(record)
        held = len(self._items) + len(self._people) + len(self._questions) + len(self._bad)
        if held >= self._graph.settings.batch_size:
            self.flush()

    def flush(self) -> None:
        """Store the collected records."""
        from persona_db.graph.ingest import store_items, store_people, store_quarantine, store_questions

        if self._questions:
            store_questions(self._graph, self._dataset, self._questions)
        if self._people:
            self._reject(store_people(self._graph, self._dataset, self._people, sharing=self._sharing))
        if self._items:
            stored = store_items(self._graph, self._dataset, self._items)
            self.items_new += stored.created
            self._reject(stored)
        if self._bad:
            store_quarantine(self._graph, self._dataset, self._bad)
        for batch in (self._questions, self._people, self._items, self._bad):
            batch.clear()
        self._progress(f"loading {self._source.name}", self.items_read, None)

    def _reject(self, stored: Stored) -> None:
        for rejection in stored.rejected:
            reason = f"{rejection.id}: {rejection.reason}"
            self.quarantine(QuarantinedRow(source=self._source.name, row=0, reason=reason))

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
