"""Reads a source in a thread of its own, so that the next records are read while a batch is being stored."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, Full, Queue
from threading import Event, Thread

from persona_db.graph.models import QuarantinedRow
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.source import Record, Source

__all__ = ["read_ahead"]

_AT_ONCE = 500
_AHEAD = 20
"""Bundles of records that wait to be stored: about as many as two batches."""
_PATIENCE = 0.2


def read_ahead(source: Source, quarantine: Quarantine) -> Iterator[Record]:
    """Yield what `source.read` yields, in its order; bad rows and errors come where they would without a thread."""
    waiting: Queue[list[Record | QuarantinedRow] | BaseException | None] = Queue(_AHEAD)
    stopped = Event()

    def hand_over(one: list[Record | QuarantinedRow] | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(one, timeout=_PATIENCE)
                return
            except Full:
                continue

    def read() -> None:
        bundle: list[Record | QuarantinedRow] = []
        try:
            with closing(_generator(source.read(bundle.append))) as records:
                for record in records:
                    bundle.append(record)
                    if len(bundle) >= _AT_ONCE:
                        hand_over(bundle.copy())
                        bundle.clear()
                    if stopped.is_set():
                        return
            end: BaseException | None = None
        except BaseException as error:  # noqa: BLE001 - raised again by whoever reads
            end = error
        hand_over(bundle.copy())
        hand_over(end)

    thread = Thread(target=read, name=f"reading {source.name}", daemon=True)
    thread.start()
    try:
        while True:
            try:
                found = waiting.get(timeout=_PATIENCE)
            except Empty:  # a wait without an end could not be interrupted
                continue
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            for one in found:
                if isinstance(one, QuarantinedRow):
                    quarantine(one)
                else:
                    yield one
    finally:
        stopped.set()
        thread.join()


def _generator(records: Iterator[Record]) -> Generator[Record, None, None]:
    """Return the records as a generator, which can be closed, whatever iterator they come from."""
    yield from records
