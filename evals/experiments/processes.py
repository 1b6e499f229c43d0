"""Work on several things at once, in processes that each take the next one."""

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
"""In each process how many names were taken, and the way for progress."""


class Work(Protocol):
    """What is done with names as they come, by the process of a number; it has to be picklable."""

    def __call__(self, number: int, names: Iterator[str], progress: Progress) -> None: ...


def run_apart(work: Work, names: Sequence[str], *, jobs: int, progress: Progress) -> None:
    """Call *work* in *jobs* processes at most, which share the names: each takes the next; all are done then.

    When one of them raises something no further name is taken, and it is raised here once the others have ended.
    """
    context = get_context("spawn")
    taken, told = context.Value("q", 0), context.Queue()
    jobs = min(jobs, len(names))
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(taken, told)) as pool:
        running: set[Future[None]] = {pool.submit(_call, work, number, tuple(names)) for number in range(jobs)}
        try:
            while running:
                done, running = wait(running, timeout=_LOOKED_EVERY)
                for one in done:
                    one.result()
                _pass_on(told, progress)
                progress("experiments", min(max(taken.value - jobs, 0), len(names)), len(names))
        finally:
            taken.value = len(names)
    _pass_on(told, progress)
    progress("experiments", len(names), len(names))


def _begin(taken: Synchronized[int], told: Queue[tuple[str, int, int | None]]) -> None:
    global _shared  # noqa: PLW0603  a pool's processes are told what they share when they begin, and only then
    _shared = (taken, told)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no process behind when the one that asked was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        raise_signal(SIGTERM)


def _call(work: Work, number: int, names: Sequence[str]) -> None:
    taken, told = _shared
    current = ""

    def following() -> Iterator[str]:
        nonlocal current
        while True:
            with taken.get_lock():
                place, taken.value = taken.value, taken.value + 1
            if place >= len(names):
                return
            current = names[place]
            yield current

    def report(what: str, done: int, total: int | None = None) -> None:
        told.put((f"{current}: {what}", done, total))

    work(number, following(), report)


def _pass_on(told: Queue[tuple[str, int, int | None]], progress: Progress) -> None:
    try:
        while True:
            progress(*told.get_nowait())
    except Empty:
        return
