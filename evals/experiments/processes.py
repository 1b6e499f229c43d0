"""Shares names among processes: each process takes the next name when it is free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import get_context, parent_process
from queue import Empty
from signal import SIGTERM, raise_signal
from threading import Thread
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.sharedctypes import Synchronized

    from persona_db.graph.progress import Progress

__all__ = ["Work", "run_apart"]

_LOOKED_EVERY = 0.5
_shared: tuple[Synchronized[int], Queue[tuple[str, int, int | None]]]
"""In each process: how many names are taken, and the queue for progress."""


class Work(Protocol):
    """Picklable work of process *number* on the names that it takes."""

    def __call__(self, number: int, names: Iterator[str], progress: Progress) -> None: ...


def run_apart(work: Work, names: Sequence[str], *, jobs: int, progress: Progress) -> None:
    """Call *work* in at most *jobs* processes until all names are done; each process takes the next name.

    After an error no further name is taken, and the error is raised here once the other processes have ended.
    A process calls *work* once and not once a name, so that names of one process share what it opened and close it.
    """
    context = get_context("spawn")
    taken, reports = context.Value("q", 0), context.Queue()
    jobs = min(jobs, len(names))
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(taken, reports)) as pool:
        running: set[Future[None]] = {pool.submit(_call, work, number, tuple(names)) for number in range(jobs)}
        try:
            while running:
                done, running = wait(running, timeout=_LOOKED_EVERY)
                for one in done:
                    one.result()
                _pass_on(reports, progress)
                progress("experiments", min(max(taken.value - jobs, 0), len(names)), len(names))
        finally:
            taken.value = len(names)
    _pass_on(reports, progress)
    progress("experiments", len(names), len(names))


def _begin(taken: Synchronized[int], reports: Queue[tuple[str, int, int | None]]) -> None:
    global _shared  # noqa: PLW0603  a pool's processes get what they share when they start, and only then
    _shared = (taken, reports)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        raise_signal(SIGTERM)


def _call(work: Work, number: int, names: Sequence[str]) -> None:
    taken, reports = _shared
    current = ""

    def following() -> Iterator[str]:
        nonlocal current
        while True:
            with taken.get_lock():
                index, taken.value = taken.value, taken.value + 1
            if index >= len(names):
                return
            current = names[index]
            yield current

    def report(what: str, done: int, total: int | None = None) -> None:
        reports.put((f"{current}: {what}", done, total))

    work(number, following(), report)


def _pass_on(reports: Queue[tuple[str, int, int | None]], progress: Progress) -> None:
    try:
        while True:
            progress(*reports.get_nowait())
    except Empty:
        return
