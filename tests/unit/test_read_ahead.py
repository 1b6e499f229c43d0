"""A source that is read ahead yields the same as one that is not, and its errors come where they would."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from persona_db.graph.errors import LoadError
from persona_db.graph.models import Person, QuarantinedRow
from persona_db.loaders.read_ahead import read_ahead
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.source import Counts, HeldOut, Record, Source


class People(Source):
    """So many people, each seventh row bad; it may fail, and says when it is closed."""

    name = "people"

    def __init__(self, count: int, *, failing: BaseException | None = None) -> None:
        self.counts = Counts()
        self.closed = False
        self._count = count
        self._failing = failing

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        try:
            for number in range(self._count):
                if number % 7 == 6:
                    quarantine(QuarantinedRow(source="people", row=number, reason="bad"))
                else:
                    yield Person(id=f"p{number}")
            if self._failing is not None:
                raise self._failing
        finally:
            self.closed = True

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:
        yield from ()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 20_000])
def test_everything_comes_in_order(count: int) -> None:
    """Bad rows arrive between the records between which they stand."""
    together: list[object] = []
    for record in read_ahead(People(count), together.append):
        together.append(record)
    in_order: list[object] = []
    for record in People(count).read(in_order.append):
        in_order.append(record)
    assert together == in_order


@pytest.mark.parametrize("error", [LoadError("cut off", source="people"), KeyboardInterrupt()])
def test_an_error_comes_after_all_before_it(error: BaseException) -> None:
    """It is raised where it would be without a thread, once what comes before it was yielded."""
    found: list[object] = []
    with pytest.raises(type(error)):
        found.extend(read_ahead(People(1_000, failing=error), lambda _: None))
    assert len(found) == 858


def test_the_thread_ends_with_whoever_reads() -> None:
    """Nobody waits for records of a load that was stopped, and the source is closed."""
    source = People(1_000_000)
    records = read_ahead(source, lambda _: None)
    next(records)
    records.close()  # type: ignore[attr-defined]  # it is a generator
    assert source.closed
    assert not any(thread.name == "reading people" for thread in threading.enumerate())
